"""``gym backup`` and ``gym restore``: all databases in one directory, as of one moment."""
