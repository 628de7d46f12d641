"""The connection that partitions."""

from functools import partial

from services.process.settings import CannotStart
from services.transport.postgres import unpooled


class CannotPartition(CannotStart):
    """The tables can't be partitioned; the message is shown as one line."""


connected = partial(unpooled.connected, refusal=CannotPartition)
"""Yields a connection to a database; raises :class:`CannotPartition`."""
