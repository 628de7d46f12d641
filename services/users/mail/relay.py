"""What the users service sends mail with."""

from functools import partial
from pathlib import Path

import eventlet
from eventlet.greenthread import GreenThread
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.dependencies.database import Database
from services.dependencies.mail.handing_over import MailDirectory, way_out
from services.dependencies.mail.sending import Sender
from services.dependencies.mail.texts import Texts
from services.dependencies.siblings import sibling
from services.observability.logging import get_logger
from services.process.settings import SETTINGS_KEY
from services.transport.postgres.statements import Send
from services.users.mail import outbox

log = get_logger(__name__)

TEXTS = Texts(Path(__file__).parent / "templates")
DAY_SECONDS = 24 * 3600


class Mail(DependencyProvider):
    """Puts mails into the outbox, and empties it in the background."""

    def setup(self) -> None:
        """Read the settings."""
        self.settings = self.container.config[SETTINGS_KEY].mail
        hand_over = way_out(self.settings)
        self._sender = hand_over and Sender(outbox.OUTBOX, hand_over)
        self._thread: GreenThread | None = None
        self._is_due = False
        self._is_stopping = False

    def stop(self) -> None:
        """Finish the mail that is under way; by now no worker writes any more."""
        self._is_stopping = True
        if self._thread is not None:
            self._thread.wait()

    def get_dependency(self, worker_ctx: WorkerContext) -> "Mail":
        """Return the provider itself: all workers of the process share it."""
        return self

    @property
    def is_on(self) -> bool:
        """Whether mails can be sent."""
        return self._sender is not None

    def link(self, page: str, token: str) -> str:
        """Return a link to a page; the token is in the fragment, which no server is sent."""
        return f"{self.settings.public_url}/{page}#token={token}"

    def put(
        self,
        send: Send,
        user_id: int,
        recipient: str,
        name: str,
        useful_seconds: int = DAY_SECONDS,
        delay: float = 0,
        locale: str | None = None,
        **values: str,
    ) -> None:
        """Have a mail sent once the transaction is committed; :meth:`wake` is called after that.

        Nothing happens if mails can't be sent.

        Args:
            send: runs a statement in the transaction of what the mail tells.
            user_id: whose account it is about; the mail is deleted with it, and without one there
                is no mail.
            recipient: an e-mail address.
            name: of the template.
            useful_seconds: for so long it is tried.
            delay: seconds until the first try; :meth:`wake_in` is called then.
            locale: the recipient's, if it is known.
            values: what the template has places for.
        """
        if self.is_on:
            text = TEXTS.render(name, locale, **values)
            outbox.put(send, user_id, recipient, text, useful_seconds, delay)

    def forget(self, user_id: int) -> None:
        """Delete what was kept of mails about an account, where they are kept as files.

        Raises:
            OSError: a file can't be deleted.
        """
        if self.settings.directory is not None:
            MailDirectory(self.settings.directory, self.settings.sender).forget(user_id)

    def wake(self) -> None:
        """Have what is in the outbox sent, in the background."""
        self._is_due = True
        if self._sender is not None and self._thread is None and not self._is_stopping:
            self._thread = self.container.spawn_managed_thread(
                partial(self._run, self._sender), identifier="users.mail"
            )

    def wake_in(self, seconds: float) -> None:
        """Have what is in the outbox sent after a while."""
        eventlet.spawn_after(seconds, self.wake)

    def _run(self, sender: Sender) -> None:
        fetch = sibling(self.container, Database).fetch
        try:
            while self._is_due:
                self._is_due = False
                sender.send_due(fetch, outbox.make, goes_on=lambda: not self._is_stopping)
        except GymError as problem:
            # the timer tries again; a mail that was handed over then may be sent twice
            log.warning("mails not sent", reason=str(problem))
        except Exception as problem:
            # not raised: it would end the process
            log.error("mails not sent", exc_info=problem)
        finally:
            self._thread = None
