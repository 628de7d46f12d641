"""Making what a client gets: the envelope, pages, and the cache of responses."""
