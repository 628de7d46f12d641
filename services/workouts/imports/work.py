"""What all background work on an import has in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.process.turns import Turns
from services.transport.postgres.statements import Together
from services.workouts.imports.leases import Lease
from services.workouts.imports.tools import Tools

REST = 0.3
"""Seconds of rest for each second of work: where imports keep all cores busy, whoever wakes up has
to wait for one, and even cached reads of others take twice as long."""


class Work:
    """Work on an import.

    Args:
        tools: what is needed of the service.
        lease: of the import.
    """

    def __init__(self, tools: Tools, lease: Lease):
        self._tools = tools
        self._lease = lease
        self._of = lease.of
        self._turns = Turns(REST)

    @contextmanager
    def _holding(self) -> Iterator[Together]:
        """Give a transaction in which the import is locked.

        Raises:
            LeaseLost: the lease is another's.
        """
        with self._tools.database.together() as transaction:
            self._lease.hold(transaction)
            yield transaction
