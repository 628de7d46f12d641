"""What a service inherits that holds something of users."""

from nameko.timer import timer

from schemas.errors import GymError
from schemas.pages import is_id
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure import tombstones
from services.dependencies.erasure.eraser import Eraser
from services.dependencies.events import EventDispatcher, Poison, event_handler
from services.observability.logging import get_logger
from services.process import budgets
from services.process.failpoints import failpoint

log = get_logger(__name__)

ERASE_USER = "erase_user"
"""The event by which the users service asks all others to erase a user."""


class ErasureDispatcher(EventDispatcher):
    """Dispatches :data:`~services.dependencies.erasure.eraser.USER_ERASED`."""

    def get_dependency(self, worker_ctx: object) -> "ErasureDispatcher":
        """Return the provider itself, for events that belong to no request."""
        return self


class ErasureMethods:
    """Erases users when the users service asks for it, and goes on with those that are not done."""

    database: Database
    cache: Cache
    eraser: Eraser
    erasure_dispatcher: ErasureDispatcher

    @event_handler("users", ERASE_USER)
    def handle_erase_user(self, event: dict) -> None:
        """Erase a user, or say once more that it is done.

        Whatever fails is not raised: the users service asks again, and an event that waits for its
        retry, or a dead letter, would be one more thing to erase.
        """
        user_id = event.get("user_id")
        if not is_id(user_id):
            raise Poison("the event has no user_id")
        try:
            is_erased = tombstones.put_up(self.database.fetch, user_id)
            failpoint("erasure.after_tombstone")
            if is_erased:
                self.eraser.announce(self.erasure_dispatcher, user_id)
            else:
                self._go_on()
        except GymError as problem:
            log.warning("user not erased yet", user_id=user_id, reason=str(problem))
        except Exception as problem:
            log.error("user not erased yet", user_id=user_id, exc_info=problem)

    @timer(interval=budgets.ERASURE_SECONDS, eager=True)
    def go_on_erasing(self) -> None:
        """Erase users whose erasure has begun and is not done, and look once more later."""
        self._go_on()

    def _go_on(self) -> None:
        self.eraser.erase_some(
            self.database, self.cache, self.erasure_dispatcher, budgets.ERASURE_TURN_SECONDS
        )
