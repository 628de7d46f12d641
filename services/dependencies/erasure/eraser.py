"""Erasing a user, in the order that makes it final."""

import re
import time
from collections.abc import Sequence
from typing import Any

import eventlet
from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.dependencies.cache import Cache
from services.dependencies.cells.routing import cell_of
from services.dependencies.database import Database
from services.dependencies.erasure import tombstones
from services.dependencies.erasure.tables import Held
from services.dependencies.erasure.tombstones import Claim
from services.dependencies.events import EventDispatcher
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process.failpoints import failpoint
from services.transport.amqp import sieving
from services.transport.amqp.connection import BrokerGone
from services.transport.redis.pipeline import RedisFailure

log = get_logger(__name__)

USER_ERASED = "user_erased"
"""The event by which a service says that it holds nothing more of a user."""

_USER_HEADER = "nameko.user_id"


class Eraser(DependencyProvider):
    """Erases what a service holds of users.

    First the tombstone is committed, and waited for all transactions that may not have seen it;
    from then on nothing new is written. Then all rows are deleted, the outbox's among them, so that
    no event follows; then the keys in Redis, where no late read stores anything, as the generations
    are gone; then the messages in the queues that nobody consumes. Each step can be done again, so
    a process that dies leaves the rest to another one.

    Args:
        tables: with rows of users, in the order in which they are deleted.
        keys: patterns of keys in the cache's Redis, with ``{}`` in place of the user's id.
        queues: that keep the service's messages, and that it may read.
    """

    def __init__(self, tables: Sequence[Held], keys: Sequence[str], queues: Sequence[str] = ()):
        self.tables = tables
        self.keys = keys
        self.queues = queues
        self._outage = Outage("erasure of a user", "it will be tried again")

    def get_dependency(self, worker_ctx: object) -> "Eraser":
        """Return the provider itself."""
        return self

    def erase_some(
        self, database: Database, cache: Cache, dispatch: EventDispatcher, seconds: float
    ) -> None:
        """Erase whoever is to be erased, and say so; what fails is tried again.

        Args:
            database: the service's own.
            cache: where its keys are.
            dispatch: dispatches :data:`USER_ERASED`.
            seconds: after these nobody else is begun with.
        """
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until and (claimed := tombstones.claim(database.fetch)):
                self._erase(database, cache, dispatch, claimed)
        except GymError as problem:
            self._outage.begin(str(problem))
        else:
            self._outage.end()

    def _erase(
        self, database: Database, cache: Cache, dispatch: EventDispatcher, claimed: Claim
    ) -> None:
        user_id = claimed.user_id
        service = self.container.service_name
        if not tombstones.is_fenced(database.fetch, user_id):
            log.info("erasure waits for transactions that have begun before", user_id=user_id)
            tombstones.try_later(database.fetch, user_id)
            return
        failpoint(f"{service}.before_erasure")
        try:
            for table in self.tables:
                while table.delete_some(database, user_id):
                    tombstones.renew(database.fetch, user_id)
                    # others have their turn in the event loop, and between the transactions
                    eventlet.sleep(0)
            failpoint(f"{service}.in_erasure")
            for pattern in self.keys:
                cache.delete_matching(pattern.format(user_id))
            self._empty_queues(user_id)
        except (GymError, RedisFailure, BrokerGone) as problem:
            log.warning("user not erased yet", user_id=user_id, reason=str(problem))
            tombstones.try_later(database.fetch, user_id)
            return
        tombstones.note_done(database.fetch, user_id)
        failpoint(f"{service}.after_erasure")
        if not claimed.is_second_look:
            log.info("user erased", user_id=user_id)
        self.announce(dispatch, user_id)

    def announce(self, dispatch: EventDispatcher, user_id: int) -> None:
        """Say that the service holds nothing more of a user, and in which cell, if not the first.

        Raises:
            ServiceUnavailable: the broker did not confirm it; it may have arrived all the same.
        """
        event: dict[str, object] = {"user_id": user_id}
        if cell := cell_of(self.container):
            event["cell"] = cell
        dispatch.announce(USER_ERASED, event)

    def _empty_queues(self, user_id: int) -> None:
        if not self.queues:
            return
        found = sieving.take_out(
            self.container.config[AMQP_URI_CONFIG_KEY],
            self.queues,
            lambda body, headers: is_about(user_id, body, headers),
        )
        if found:
            log.info("messages of an erased user taken out", user_id=user_id, count=found)


def is_about(user_id: int, body: bytes, headers: dict[str, Any]) -> bool:
    """Return whether a message is about a user, or was sent on their behalf.

    Args:
        user_id: the user.
        body: which may be the beginning of a longer one, as dead letters are.
        headers: the message's.
    """
    if str(headers.get(_USER_HEADER)) == str(user_id):
        return True
    return re.search(rb'"user_id"\s*:\s*%d(?!\d)' % user_id, body) is not None
