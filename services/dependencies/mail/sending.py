"""Sending what waits in an outbox."""

from collections.abc import Callable

from services.dependencies.mail.handing_over import HandOver, NotTaken, Refused
from services.dependencies.mail.messages import Mail
from services.dependencies.mail.outbox import Outbox, Waiting
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.transport.postgres.statements import Fetch

log = get_logger(__name__)


class Sender:
    """Sends mails, one after the other.

    A mail is deleted once the server has taken it, so it is sent at least once, and again if the
    process dies between the two.

    Args:
        outbox: where they wait.
        make: makes a mail of a row.
        hand_over: hands it over.
    """

    def __init__(self, outbox: Outbox, make: Callable[[Waiting], Mail], hand_over: HandOver):
        self._outbox = outbox
        self._make = make
        self._hand_over = hand_over
        self._outage = Outage("mail server", "mails wait in the outbox")

    def send_due(self, fetch: Fetch, goes_on: Callable[[], bool]) -> None:
        """Send what is due, unless the server is down.

        Args:
            fetch: runs a statement.
            goes_on: asked before each mail whether it should be sent now.
        """
        while goes_on():
            waiting = self._outbox.lease(fetch)
            if waiting is None or not self._send(fetch, waiting):
                return

    def _send(self, fetch: Fetch, waiting: Waiting) -> bool:
        """Try a mail, and return whether others are worth a try."""
        try:
            self._hand_over(self._make(waiting))
        except Refused as problem:
            log.error("mail refused", reason=str(problem), **waiting.known)
            self._outbox.forget(fetch, waiting)
        except NotTaken as problem:
            return self._keep(fetch, waiting, problem)
        except Exception as problem:
            # it is tried again when its lease has ended, and keeps no other mail back
            log.error("mail failed", exc_info=problem, **waiting.known)
            return True
        else:
            log.info("mail sent", **waiting.known)
            self._outbox.forget(fetch, waiting)
        self._outage.end()
        return True

    def _keep(self, fetch: Fetch, waiting: Waiting, problem: NotTaken) -> bool:
        reason = str(problem)
        if problem.is_down:
            self._outage.begin(reason)
        if self._outbox.postpone(fetch, waiting):
            log.info("mail not taken, will be tried again", reason=reason, **waiting.known)
        else:
            log.error("mail given up", reason=reason, **waiting.known)
            self._outbox.forget(fetch, waiting)
        return not problem.is_down
