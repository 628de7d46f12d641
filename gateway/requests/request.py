"""What a route's method gets."""

from dataclasses import dataclass, field
from typing import Any

from gateway.admission.callers import AnyCaller
from gateway.requests.token_cookies import TokenCookie
from gateway.requests.uploads import Upload


@dataclass(frozen=True)
class Request:
    """What a route's method gets: a request on which all of HTTP's checks have been done."""

    request_id: str
    caller: AnyCaller = None
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    # None unless the route says that it names its client
    client: dict[str, str | None] | None = None
    # None, too, unless its client is a page that keeps its refresh token in a cookie
    token_cookie: TokenCookie | None = None
    # Any: None on routes that take none, and others need not ask
    upload: Upload | Any = None

    @property
    def id(self) -> int:
        """The id in the path."""
        return self.path["id"]

    @property
    def user_id(self) -> int:
        """The caller's id."""
        return self.caller.user_id
