"""Sending what waits in an outbox."""

from collections.abc import Callable

from schemas.errors import GymError
from services.dependencies.mail.handing_over import HandOver, NotTaken, Refused
from services.dependencies.mail.messages import Mail
from services.dependencies.mail.outbox import Outbox, Waiting
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Fetch

log = get_logger(__name__)

Make = Callable[[Waiting], Mail | None]
"""Makes a mail of a row; None if nobody wants it any more."""


class Sender:
    """Sends mails, one after the other.

    A mail is deleted once the server has taken it, so it is sent at least once, and again if the
    process dies between the two.

    Args:
        outbox: where they wait.
        hand_over: hands it over.
    """

    def __init__(self, outbox: Outbox, hand_over: HandOver):
        self._outbox = outbox
        self._hand_over = hand_over
        self._outage = Outage("mail server", "mails wait in the outbox")

    def send_due(self, fetch: Fetch, make: Make, goes_on: Callable[[], bool]) -> None:
        """Send what is due, unless the server is down.

        Args:
            fetch: runs a statement.
            make: makes the mails.
            goes_on: asked before each mail whether it should be sent now.

        Raises:
            GymError: the database is away, or what a mail is made with.
        """
        while goes_on():
            waiting = self._outbox.lease(fetch)
            if waiting is None or not self._send(fetch, make, waiting):
                return

    def _send(self, fetch: Fetch, make: Make, waiting: Waiting) -> bool:
        """Try a mail, and return whether others are worth a try."""
        try:
            mail = make(waiting)
            if mail is None:
                log.info("mail not wanted", **waiting.known)
            else:
                self._hand_over(mail)
                log.info("mail sent", **waiting.known)
                metrics.MAILS.labels(metrics.OK).inc()
                self._outage.end()
                failpoint("mail.sent")
        except GymError:
            # it is tried again when its lease has ended
            raise
        except NotTaken as problem:
            return self._keep(fetch, waiting, problem)
        except Refused as problem:
            log.error("mail refused", reason=str(problem), **waiting.known)
            metrics.MAILS.labels("REFUSED").inc()
            self._outage.end()
        except Exception as problem:
            # it keeps no other mail back
            log.error("mail failed", exc_info=problem, **waiting.known)
            metrics.MAILS.labels("FAILED").inc()
            self._outbox.postpone(fetch, waiting)
            return True
        self._outbox.forget(fetch, waiting)
        return True

    def _keep(self, fetch: Fetch, waiting: Waiting, problem: NotTaken) -> bool:
        reason = str(problem)
        if problem.is_down:
            self._outage.begin(reason)
        if self._outbox.postpone(fetch, waiting):
            log.info("mail not taken, will be tried again", reason=reason, **waiting.known)
            metrics.MAILS.labels("NOT_TAKEN").inc()
        else:
            log.error("mail given up", reason=reason, **waiting.known)
            metrics.MAILS.labels("GIVEN_UP").inc()
            self._outbox.forget(fetch, waiting)
        return not problem.is_down
