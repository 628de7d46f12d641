"""The part of the notifications service that sends the mails that wait."""

from typing import Any

from nameko.timer import timer

from schemas.errors import GymError
from services.dependencies.database import Database
from services.notifications.mail.rows import OUTBOX
from services.observability.logging import get_logger
from services.process import budgets

log = get_logger(__name__)

CLEANING_SECONDS = 3600


class MailTimers:
    """Timers of mails."""

    database: Database
    # Any: a worker gets the providers' parts in their place
    users: Any
    mails: Any

    @timer(interval=budgets.MAILS_SECONDS, eager=True)
    def send_mails(self) -> None:
        """Send what is due."""
        self.mails.send_due(self.database, self.users.mail_recipient)

    @timer(interval=CLEANING_SECONDS)
    def forget_old_mails(self) -> None:
        """Delete mails whose time is over."""
        try:
            OUTBOX.forget_old(self.database.fetch)
        except GymError as problem:
            log.warning("mails not cleaned, will be tried again", reason=str(problem))
