"""What the notifications service holds of users."""

from services.dependencies.erasure.eraser import Eraser
from services.dependencies.erasure.tables import Held

TABLES = (Held("deliveries"), Held("webhooks"), Held("pending_mails"))


def make_eraser() -> Eraser:
    """Return what erases a user here."""
    return Eraser(TABLES, keys=[])
