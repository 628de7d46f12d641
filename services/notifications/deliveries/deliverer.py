"""What sends deliveries that are due."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from eventlet.greenpool import GreenPool
from eventlet.greenthread import GreenThread
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas import webhooks
from schemas.errors import GymError
from services.dependencies.database import Database
from services.dependencies.siblings import sibling
from services.notifications.deliveries import rows
from services.notifications.deliveries.resolving import Resolver
from services.notifications.deliveries.rows import ClaimedDelivery, ClaimedWebhook
from services.notifications.deliveries.sending import NotDelivered, Response, Sender
from services.notifications.mail.mails import Mails
from services.notifications.mail.rows import write_disabled
from services.notifications.rules import addresses, signing, timetable
from services.notifications.rules.addresses import HostList
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.failpoints import failpoint
from services.process.settings import SETTINGS_KEY
from services.transport.postgres.statements import Together

log = get_logger(__name__)

Key = TypeVar("Key")

SUCCESS = range(200, 300)
GONE = 410


class Outcome(NamedTuple):
    """What came of an attempt.

    Attributes:
        status: of the response; None without one.
        problem: what went wrong, in a sentence for the owner; empty if nothing did.
        asked_for: the seconds until another attempt that the receiver asks for, if it does.
    """

    status: int | None
    problem: str
    asked_for: float | None = None


class Hosts(DependencyProvider):
    """The hosts that the operator allows beside public ones (``WEBHOOK_HOSTS``)."""

    def setup(self) -> None:
        """Read the list."""
        self.listed = HostList(self.container.config[SETTINGS_KEY].webhook_hosts)

    def get_dependency(self, worker_ctx: WorkerContext) -> HostList:
        """Return the list."""
        return self.listed


class Deliverer(DependencyProvider):
    """Sends deliveries that are due, to many webhooks at once and to each a few at a time.

    Each time it has attempted some deliveries of a webhook it releases it, so that others that are
    due come first, and what the owner has changed meanwhile holds for the next ones. Webhooks that
    are slow have places of their own: however many these are, nobody else waits for them. A user
    has a share of the places of either kind.
    """

    def __init__(self) -> None:
        # by whether the webhooks in it are slow
        self._pools = {
            False: GreenPool(budgets.DELIVERY_PLACES),
            True: GreenPool(budgets.SLOW_DELIVERY_PLACES),
        }
        self._places_of: Counter[int] = Counter()
        self._places_of_user: Counter[tuple[bool, int]] = Counter()
        # deliveries are many, and requests need connections to the database, too
        self._turn = Semaphore(budgets.DELIVERY_CONNECTIONS)
        self._thread: GreenThread | None = None
        self._is_due = False
        self._is_stopping = False
        self._outage = Outage("deliveries", "they wait")

    def setup(self) -> None:
        """Make what sends."""
        self._sender = Sender(Resolver().allowed_addresses)

    def stop(self) -> None:
        """Finish the attempts that are under way; by now no worker writes any more."""
        self._is_stopping = True
        if self._thread is not None:
            self._thread.wait()
        for pool in self._pools.values():
            pool.waitall()

    def get_dependency(self, worker_ctx: WorkerContext) -> "Deliverer":
        """Return the provider itself: all workers of the process share it."""
        return self

    def wake(self) -> None:
        """Have what is due sent, in the background."""
        self._is_due = True
        if self._thread is None and not self._is_stopping:
            self._thread = self.container.spawn_managed_thread(
                self._run, identifier="notifications.deliverer"
            )

    def _run(self) -> None:
        try:
            while self._is_due and not self._is_stopping:
                self._is_due = False
                # in turn: however many are due, those of the other kind are begun with, too
                while sum(self._begin_some(is_slow) for is_slow in self._pools):
                    pass
        except GymError as problem:
            self._outage.begin(str(problem))
        except Exception as problem:
            # not raised: it would end the process
            log.error("deliveries not begun", exc_info=problem)
        else:
            self._outage.end()
        finally:
            self._thread = None

    def _begin_some(self, is_slow: bool) -> bool:
        """Begin with webhooks that are due, and return whether there may be more."""
        pool = self._pools[is_slow]
        places = min(pool.free(), budgets.DELIVERY_CLAIMS)
        if places <= 0 or self._is_stopping:
            return False
        found = self._claim_webhooks(is_slow, places)
        if not found:
            return False
        claimed = self._claim_deliveries(webhook.id for webhook in found)
        for webhook in found:
            self._places_of[webhook.id] += 1
            self._places_of_user[is_slow, webhook.user_id] += 1
            pool.spawn_n(self._work_on, webhook, claimed.get(webhook.id, []))
        return True

    def _claim_webhooks(self, is_slow: bool, places: int) -> list[ClaimedWebhook]:
        busy = _above(self._places_of, budgets.DELIVERY_PLACES_OF_ONE - 1)
        # so many that what one statement finds is not too much
        most = budgets.DELIVERY_PLACES_OF_USER - budgets.DELIVERY_CLAIMS_OF_USER
        of_users = _above(self._places_of_user, most)
        busy_users = [user_id for slow, user_id in of_users if slow == is_slow]
        with self._turn:
            return rows.claim_webhooks(
                self._database().fetch, is_slow, places, busy=busy, busy_users=busy_users
            )

    def _claim_deliveries(self, webhook_ids: Iterable[int]) -> dict[int, list[ClaimedDelivery]]:
        with self._turn:
            return rows.claim_deliveries(self._database().fetch, [*webhook_ids])

    # no properties: Nameko looks at the members of an extension before its service has any
    def _database(self) -> Database:
        return sibling(self.container, Database)

    def _listed(self) -> HostList:
        return sibling(self.container, Hosts).listed

    def _work_on(self, webhook: ClaimedWebhook, claimed: list[ClaimedDelivery]) -> None:
        try:
            self._deliver(webhook, claimed)
        except GymError as problem:
            # its lease ends, and whoever is there then goes on
            log.warning("webhook left", webhook_id=webhook.id, reason=str(problem))
        except Exception as problem:
            log.error("webhook left", webhook_id=webhook.id, exc_info=problem)
        finally:
            self._places_of -= Counter([webhook.id])
            self._places_of_user -= Counter([(webhook.is_slow, webhook.user_id)])
            # the place is free, and the webhook may be due again
            self.wake()

    def _deliver(self, webhook: ClaimedWebhook, claimed: list[ClaimedDelivery]) -> None:
        """Attempt deliveries of a webhook, and release it."""
        if len(claimed) == 1:
            # the usual case: noted and released in one transaction
            self._attempt(webhook, claimed[0], releases=True)
            return
        pool = GreenPool(budgets.DELIVERIES_AT_ONCE)
        were_slow = [*pool.imap(lambda delivery: self._attempt(webhook, delivery), claimed)]
        # without an attempt nothing is known anew
        is_slow = any(were_slow) if claimed else webhook.is_slow
        with self._turn, self._database().together() as transaction:
            rows.hold(transaction.send, webhook.id)
            rows.release(transaction.send, webhook.id, is_slow)

    def _attempt(
        self, webhook: ClaimedWebhook, delivery: ClaimedDelivery, releases: bool = False
    ) -> bool:
        """Attempt a delivery, note what came of it, and return whether it took long.

        Args:
            webhook: its webhook.
            delivery: which one.
            releases: whether to release the webhook with that.
        """
        failpoint("notifications.before_attempt")
        begun = time.monotonic()
        outcome = self._send(webhook, delivery)
        seconds = time.monotonic() - begun
        is_delivered = not outcome.problem
        result = metrics.OK if is_delivered else "FAILED"
        metrics.DELIVERIES.labels(delivery.event_type, result).observe(seconds)
        is_slow = seconds > budgets.SLOW_DELIVERY_SECONDS
        failpoint("notifications.after_attempt")
        is_disabled = False
        with self._turn, self._database().together() as transaction:
            # before the delivery, as redelivering does: in the other order the two would wait for
            # each other
            rows.hold(transaction.send, webhook.id)
            if is_delivered:
                rows.note_delivered(transaction.send, webhook, delivery, outcome.status)
            else:
                is_disabled = self._note_failed(transaction, webhook, delivery, outcome)
            if releases:
                rows.release(transaction.send, webhook.id, is_slow)
        if is_disabled:
            log.warning("webhook disabled", webhook_id=webhook.id, user_id=webhook.user_id)
        log.info(
            "delivery attempted",
            user_id=webhook.user_id,
            webhook_id=webhook.id,
            delivery_id=delivery.id,
            attempts=delivery.attempts,
            status=outcome.status,
            reason=outcome.problem or None,
            duration_ms=round(seconds * 1000, 1),
        )
        return is_slow

    def _send(self, webhook: ClaimedWebhook, delivery: ClaimedDelivery) -> Outcome:
        body = delivery.body.encode()
        headers = signing.signed_headers(webhook.keys, delivery.event_id, int(time.time()), body)
        try:
            # read again: the operator's list may be another one than when the webhook was made
            target = addresses.read(webhook.url, self._listed())
            return _outcome(self._sender.send(target, headers, body))
        except (NotDelivered, addresses.BadAddress) as problem:
            return Outcome(None, str(problem))
        except Exception as problem:
            # what one receiver sends must not end the work for all
            log.error("delivery failed", delivery_id=delivery.id, exc_info=problem)
            return Outcome(None, "The attempt failed on our side")

    def _note_failed(
        self,
        transaction: Together,
        webhook: ClaimedWebhook,
        delivery: ClaimedDelivery,
        outcome: Outcome,
    ) -> bool:
        """Note that an attempt failed, and return whether that has disabled the webhook."""
        is_gone = outcome.status == GONE
        is_disabled = rows.note_failed(
            transaction.send,
            transaction.fetch,
            webhook,
            delivery,
            timetable.pause(delivery.attempts, outcome.asked_for),
            outcome.status,
            outcome.problem,
            is_gone=is_gone,
        )
        if is_disabled and sibling(self.container, Mails).is_on:
            host = urlsplit(webhook.url).hostname or ""
            reason = webhooks.GONE if is_gone else webhooks.FAILING
            write_disabled(transaction.send, webhook.user_id, webhook.id, host, reason)
        return is_disabled


def _outcome(response: Response) -> Outcome:
    if response.status in SUCCESS:
        return Outcome(response.status, "")
    asked_for = None
    if response.retry_after is not None:
        asked_for = timetable.retry_after(response.retry_after, datetime.now(UTC))
    return Outcome(response.status, f"The receiver answered {response.status}", asked_for)


def _above(counter: Counter[Key], count: int) -> list[Key]:
    return [key for key, counted in counter.items() if counted > count]
