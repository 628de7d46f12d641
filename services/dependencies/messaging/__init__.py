"""RPC and events over RabbitMQ: Nameko's extensions, hardened.

Every service uses these and none of Nameko's own, so that all share one consuming and one
publishing connection a process. On the wire they are Nameko's: any Nameko client can call our
services, and ``nameko shell`` works. What each class corrects is said in its docstring; the
faults themselves are listed in ``docs/reliability.md``.
"""

from services.dependencies.messaging.events import (
    EventDispatcher,
    Poison,
    batched_event_handler,
    event_handler,
)
from services.dependencies.messaging.hints import HintSender, batched_hint_handler
from services.dependencies.messaging.remote import RemoteService
from services.dependencies.messaging.rpc import rpc

__all__ = [
    "EventDispatcher",
    "HintSender",
    "Poison",
    "RemoteService",
    "batched_event_handler",
    "batched_hint_handler",
    "event_handler",
    "rpc",
]
