"""What the users service sends mail with."""

import eventlet
from eventlet.greenthread import GreenThread
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.dependencies.database import Database
from services.dependencies.siblings import sibling
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process.settings import SETTINGS_KEY
from services.transport.postgres.statements import Send
from services.users.mail import outbox
from services.users.mail.handing_over import NotTaken, Refused, way_out
from services.users.mail.outbox import WaitingMail
from services.users.mail.texts import render

log = get_logger(__name__)

DAY_SECONDS = 24 * 3600


class Mail(DependencyProvider):
    """Puts mails into the outbox, and empties it in the background.

    A mail is deleted once the server has taken it, so it is sent at least once, and again if the
    process dies between the two.
    """

    def setup(self) -> None:
        """Read the settings."""
        self.settings = self.container.config[SETTINGS_KEY].mail
        self._hand_over = way_out(self.settings)
        self._thread: GreenThread | None = None
        self._is_due = False
        self._is_stopping = False
        self._outage = Outage("mail server", "mails wait in the outbox")

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
        return self._hand_over is not None

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
            values: what the template has places for.
        """
        if self.is_on:
            text = render(name, **values)
            outbox.put(send, user_id, recipient, text, useful_seconds, delay)

    def wake(self) -> None:
        """Have what is in the outbox sent, in the background."""
        self._is_due = True
        if self.is_on and self._thread is None and not self._is_stopping:
            self._thread = self.container.spawn_managed_thread(self._run, identifier="users.mail")

    def wake_in(self, seconds: float) -> None:
        """Have what is in the outbox sent after a while."""
        eventlet.spawn_after(seconds, self.wake)

    def _run(self) -> None:
        try:
            while self._is_due:
                self._is_due = False
                self._empty()
        except GymError as problem:
            # the timer tries again; a mail that was handed over then may be sent twice
            log.warning("mails not sent", reason=str(problem))
        except Exception as problem:
            # not raised: it would end the process
            log.error("mails not sent", exc_info=problem)
        finally:
            self._thread = None

    def _empty(self) -> None:
        while not self._is_stopping:
            mail = outbox.lease(sibling(self.container, Database).fetch)
            if mail is None or not self._send(mail):
                return

    def _send(self, mail: WaitingMail) -> bool:
        """Try a mail, and return whether others are worth a try."""
        assert self._hand_over is not None
        fetch = sibling(self.container, Database).fetch
        known = {"mail_id": mail.id, "user_id": mail.user_id, "tries": mail.tries}
        try:
            self._hand_over(mail)
        except Refused as problem:
            log.error("mail refused", reason=str(problem), **known)
            outbox.forget(fetch, mail)
        except NotTaken as problem:
            return self._keep(mail, problem, known)
        except Exception as problem:
            # it is tried again when its lease has ended, and keeps no other mail back
            log.error("mail failed", exc_info=problem, **known)
            return True
        else:
            log.info("mail sent", **known)
            outbox.forget(fetch, mail)
        self._outage.end()
        return True

    def _keep(self, mail: WaitingMail, problem: NotTaken, known: dict) -> bool:
        fetch = sibling(self.container, Database).fetch
        if problem.is_down:
            self._outage.begin(str(problem))
        if outbox.postpone(fetch, mail):
            log.info("mail not taken, will be tried again", reason=str(problem), **known)
        else:
            log.error("mail given up", reason=str(problem), **known)
            outbox.forget(fetch, mail)
        return not problem.is_down
