"""The notifications service: telling the outside of what happened."""

from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure.methods import ErasureDispatcher, ErasureMethods
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.notifications.erasing import make_eraser
from services.notifications.take_out import TakeOutMethods


class Notifications(TakeOutMethods, ErasureMethods):
    """Tells the outside of what happened to users' workouts."""

    name = "notifications"

    database = Database("notifications")
    cache = Cache()
    eraser = make_eraser()
    erasure_dispatcher = ErasureDispatcher()
    health = Health()
    log_context = LogContext()
