"""What the fast path has found out about a request that then takes the slow path.

The transport carries it as ``HttpRequest.context`` and does not look at it.
"""

from dataclasses import dataclass
from typing import Any

from services.transport.http import HttpRequest


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What need not be asked of Redis a second time.

    Args:
        generation: the current generation of what the response is made from.
        caller: the caller, if their token is known to be good.
    """

    generation: str | None = None
    caller: Any = None


_NOTHING = RequestContext()


def context_of(request: HttpRequest) -> RequestContext:
    """Return what is known of a request in advance, which mostly is nothing."""
    context = request.context
    return context if isinstance(context, RequestContext) else _NOTHING
