"""The events that other services have in their outboxes, and webhooks and mails tell of."""

from collections.abc import Callable
from typing import Any

from schemas import webhooks
from schemas.errors import Unauthorized
from schemas.pages import is_id
from services.dependencies.batched_events import batched_event_handler
from services.dependencies.database import Database
from services.dependencies.events import Poison
from services.notifications.deliveries import rows
from services.notifications.mail import rows as mail_rows
from services.notifications.rules import messages
from services.notifications.webhooks import rows as webhook_rows
from services.observability.logging import get_logger
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Send

log = get_logger(__name__)

WriteMails = Callable[[Send, list[dict]], None]


class ListeningMethods:
    """Writes deliveries of events, and mails, each once however often it comes.

    While the database is away the events wait, for as long as that takes: nobody tells them again.
    """

    database: Database
    # Any: a worker gets the providers
    deliverer: Any
    mails: Any

    @batched_event_handler("analytics", "record_set", never_given_up=True)
    def handle_record_set(self, events: list[dict]) -> None:
        """Tell of records that were set."""
        self._tell(webhooks.RECORD_SET, events)

    @batched_event_handler("analytics", "record_revoked", never_given_up=True)
    def handle_record_revoked(self, events: list[dict]) -> None:
        """Tell of records that stand no more."""
        self._tell(webhooks.RECORD_REVOKED, events)

    @batched_event_handler("analytics", "weekly_summary_ready", never_given_up=True)
    def handle_weekly_summary_ready(self, events: list[dict]) -> None:
        """Tell of summaries of weeks."""
        if not all(isinstance(event.get("summary"), dict) for event in events):
            raise Poison("the event has no summary")
        self._tell(webhooks.WEEKLY_SUMMARY, events, mail_rows.write_summaries)

    @batched_event_handler("workouts", "import_completed", never_given_up=True)
    def handle_import_completed(self, events: list[dict]) -> None:
        """Tell of imports that were applied or undone."""
        self._tell(webhooks.IMPORT_COMPLETED, events)

    def _tell(
        self, event_type: str, events: list[dict], write_mails: WriteMails | None = None
    ) -> None:
        failpoint("notifications.handle")
        users = {_checked(event)["user_id"] for event in events}
        listeners = webhook_rows.listeners(self.database.fetch, users)
        told = [
            messages.of_event(event_type, event)
            for event in events
            if event["user_id"] in listeners
        ]
        write_mails = write_mails if self.mails.is_on else None
        if not told and write_mails is None:
            return
        try:
            with self.database.together() as transaction:
                is_news = rows.write(transaction.send, transaction.fetch, told)
                if write_mails is not None:
                    write_mails(transaction.send, events)
        except Unauthorized:
            if len(events) > 1:
                # each is handled by itself then
                raise
            log.info("nobody to tell: the account was deleted", event_type=event_type)
            return
        failpoint("notifications.before_ack")
        if is_news:
            self.deliverer.wake()


def _checked(event: dict) -> dict:
    texts = (event.get("id"), event.get("happened_at"))
    if not is_id(event.get("user_id")) or not all(isinstance(text, str) for text in texts):
        raise Poison("the event has no id, user_id or happened_at")
    return event
