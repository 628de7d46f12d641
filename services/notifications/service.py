"""The notifications service: webhooks, what is delivered to them, and mails."""

from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure.methods import ErasureDispatcher, ErasureMethods
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.remote_service import RemoteService
from services.notifications.deliveries.deliverer import Deliverer, Hosts
from services.notifications.deliveries.methods import DeliveryMethods
from services.notifications.erasing import make_eraser
from services.notifications.following import ChangesFollower, FollowingMethods
from services.notifications.listening import ListeningMethods
from services.notifications.mail.mails import Mails
from services.notifications.mail.timers import MailTimers
from services.notifications.take_out import TakeOutMethods
from services.notifications.webhooks.methods import WebhookMethods


class Notifications(
    WebhookMethods,
    DeliveryMethods,
    ListeningMethods,
    FollowingMethods,
    MailTimers,
    TakeOutMethods,
    ErasureMethods,
):
    """Tells the outside, by webhooks and mail, of what happens to users' workouts and records."""

    name = "notifications"

    database = Database("notifications")
    cache = Cache()
    workouts = RemoteService("workouts", methods=["changes"])
    users = RemoteService("users", methods=["mail_recipient"], without={"mail_recipient": None})
    hosts = Hosts()
    deliverer = Deliverer()
    mails = Mails()
    changes_follower = ChangesFollower()
    eraser = make_eraser()
    erasure_dispatcher = ErasureDispatcher()
    health = Health()
    log_context = LogContext()
