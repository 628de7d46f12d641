"""The part of the users service that sends what waits, and deletes what is of no use any more."""

from nameko.timer import timer

from services.dependencies.database import Database
from services.process import budgets
from services.users.email_changes import rows as email_changes
from services.users.mail.outbox import OUTBOX
from services.users.mail.relay import Mail
from services.users.password_resets import rows as password_resets

CLEANING_SECONDS = 3600


class MailTimers:
    """Timers of mails and of the links in them."""

    database: Database
    mail: Mail

    @timer(interval=budgets.MAILS_SECONDS, eager=True)
    def send_mails(self) -> None:
        """Send what other processes have left, and what is to be tried again."""
        self.mail.wake()

    @timer(interval=CLEANING_SECONDS)
    def forget_old_mails(self) -> None:
        """Delete mails, links and requests whose time is over."""
        for forget_old in (
            OUTBOX.forget_old,
            password_resets.forget_old,
            email_changes.forget_old,
        ):
            forget_old(self.database.fetch)
