"""The part of the notifications service that shows deliveries and sends them again."""

from datetime import UTC, datetime
from typing import Any

from nameko.timer import timer

from schemas.errors import BusinessRuleViolation, GymError, NotFound
from schemas.loading import load
from schemas.pages import Page, checked_id, checked_user
from schemas.webhooks import MOST_TESTS, MOST_WAITING
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.notifications.deliveries import rows
from services.notifications.rules import messages
from services.notifications.webhooks import rows as webhook_rows
from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets

log = get_logger(__name__)

PAGE = Page()
LOOK_SECONDS = 5
CLEANING_SECONDS = 600


class DeliveryMethods:
    """Listing, testing and redelivering, and the timers that deliver and clean."""

    database: Database
    # Any: a worker gets the provider
    deliverer: Any

    @rpc
    def list_deliveries(
        self, user_id: int, webhook_id: int, page: int = 1, limit: int = 10
    ) -> dict[str, Any]:
        """Return a page of the deliveries of a webhook of the last 30 days, the newest first.

        Args:
            user_id: whose webhook it is.
            webhook_id: its id.
            page: from 1.
            limit: how many a page has, 1 to 100.

        Returns:
            ``{"items": [{"id", "event_id", "event_type", "status": "waiting|delivered|failed",
            "attempts", "created_at", "last_attempt_at", "next_attempt_at", "response_status",
            "problem", "payload": {"type", "timestamp", "data"}}], "total"}``. ``event_id`` is the
            header ``webhook-id``, ``payload`` None where those of the page are over 1 MiB with it.
            ``next_attempt_at`` is None unless it waits,
            ``response_status`` unless the last attempt had a response, ``problem`` unless
            it failed.

        Raises:
            InvalidParameter: a value can't be one.
            NotFound: the user has no such webhook.

        Example:
            ``n.rpc.notifications.list_deliveries(1, 4)``
        """
        user_id, webhook_id = checked_user(user_id), checked_id(webhook_id)
        values = load(PAGE, {"page": page, "limit": limit})
        _existing(webhook_rows.get(self.database.fetch, user_id, webhook_id))
        return rows.list_page(self.database.fetch, webhook_id, **values)

    @rpc
    def test_webhook(self, user_id: int, webhook_id: int) -> dict[str, Any]:
        """Have a message of the type ``webhook.test`` sent to a webhook.

        Args:
            user_id: whose webhook it is.
            webhook_id: its id.

        Returns:
            The delivery, as in ``list_deliveries``.

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: the user has no such webhook.
            BusinessRuleViolation: the webhook is disabled, had 100 tests within a day, or 1,000
                deliveries wait for it.

        Example:
            ``n.rpc.notifications.test_webhook(1, 4)["id"]``
        """
        user_id, webhook_id = checked_user(user_id), checked_id(webhook_id)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        message = messages.of_test(webhook_id, user_id, now)
        with self.database.together() as transaction:
            _check_enabled(_existing(webhook_rows.hold(transaction.fetch, user_id, webhook_id)))
            _check_waiting(rows.count_waiting(transaction.fetch, webhook_id))
            _check_tests(rows.count_tests(transaction.fetch, webhook_id))
            made = rows.put(transaction.send, transaction.fetch, webhook_id, message)
        self.deliverer.wake()
        return made

    @rpc
    def redeliver(self, user_id: int, webhook_id: int, delivery_id: int) -> dict[str, Any]:
        """Have a delivery sent once more, with the same id, as if it were new.

        Args:
            user_id: whose webhook it is.
            webhook_id: its id.
            delivery_id: which one.

        Returns:
            The delivery, as in ``list_deliveries``.

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: the user has no such webhook, or that no such delivery.
            BusinessRuleViolation: the webhook is disabled, or 1,000 deliveries wait for it.

        Example:
            ``n.rpc.notifications.redeliver(1, 4, 19)``
        """
        user_id, webhook_id = checked_user(user_id), checked_id(webhook_id)
        delivery_id = checked_id(delivery_id)
        with self.database.together() as transaction:
            webhook = _existing(webhook_rows.hold(transaction.fetch, user_id, webhook_id))
            waiting = rows.count_waiting(transaction.fetch, webhook_id)
            found = rows.again(transaction.send, transaction.fetch, webhook_id, delivery_id)
            if found is None:
                raise NotFound("There is no such delivery")
            _check_enabled(webhook)
            _check_waiting(waiting)
        self.deliverer.wake()
        return found

    @timer(interval=budgets.DELIVERIES_SECONDS, eager=True)
    def deliver(self) -> None:
        """Send what is due, such as further attempts."""
        self.deliverer.wake()

    @timer(interval=LOOK_SECONDS, eager=True)
    def look_whether_deliveries_are_late(self) -> None:
        """Tell the metrics how long the webhook that waits longest has been due."""
        try:
            metrics.DELIVERIES_LATE.set(rows.late_seconds(self.database.fetch))
        except GymError as problem:
            log.info("no look whether deliveries are late", reason=str(problem))

    @timer(interval=CLEANING_SECONDS)
    def clean_deliveries(self) -> None:
        """Delete deliveries of which nobody needs to know any more, and secrets that are over."""
        try:
            while rows.clean(self.database.fetch):
                pass
            webhook_rows.forget_previous_secrets(self.database.fetch)
        except GymError as problem:
            log.warning("deliveries not cleaned, will be tried again", reason=str(problem))


def _existing(webhook: dict[str, Any] | None) -> dict[str, Any]:
    if webhook is None:
        raise NotFound("There is no such webhook")
    return webhook


def _check_enabled(webhook: dict[str, Any]) -> None:
    if not webhook["is_enabled"]:
        raise BusinessRuleViolation("The webhook is disabled; enable it first")


def _check_waiting(count: int) -> None:
    message = (
        f"{MOST_WAITING} deliveries wait for the webhook already; its receiver has to catch up"
    )
    _check_count(count, MOST_WAITING, message)


def _check_tests(count: int) -> None:
    _check_count(count, MOST_TESTS, f"The webhook had {MOST_TESTS} tests within the last 24 hours")


def _check_count(count: int, most: int, message: str) -> None:
    if count >= most:
        raise BusinessRuleViolation.of("", message, "max_items", max_items=most, received=count + 1)
