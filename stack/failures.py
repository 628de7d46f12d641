"""The one kind of failure that a person is shown."""


class Failure(Exception):
    """Something can't be done; the message is what a person is shown, instead of a traceback."""
