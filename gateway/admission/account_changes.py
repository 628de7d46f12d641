"""Changes of accounts, received by every gateway: what was known of a user is not true any more."""

from collections.abc import Callable

from schemas.pages import is_id
from services.dependencies import cache_generations
from services.dependencies.broadcasts import BroadcastListener


class AccountChanges(BroadcastListener):
    """Tells what remembers something of users to forget it.

    An event that is missed does no harm while Redis is there: generations are compared with each
    request. Without both, what is remembered of tokens ends by itself (``standings``).
    """

    source = "users"
    event_type = cache_generations.ACCOUNT_CHANGED
    news = "account_news"

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Callable[[int], None]] = []

    def when_changed(self, listener: Callable[[int], None]) -> None:
        """Have a function called with a user's id whenever their account changes."""
        self._listeners.append(listener)

    def received(self, event: object) -> None:
        """Tell the listeners whose account has changed."""
        user_id = event.get("user_id") if isinstance(event, dict) else None
        if is_id(user_id):
            for listener in self._listeners:
                listener(user_id)

    def missed(self) -> None:
        """Do nothing: see the class."""
