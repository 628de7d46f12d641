"""Connections that restore."""

from functools import partial

from services.process.settings import CannotStart
from services.transport.postgres import unpooled


class CannotRestore(CannotStart):
    """The databases can't be restored; the message is shown as one line."""


connected = partial(unpooled.connected, refusal=CannotRestore)
"""Yields a connection to a database; raises :class:`CannotRestore`."""
