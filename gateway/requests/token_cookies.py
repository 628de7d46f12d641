"""The refresh token of a web page, in a cookie that no script can read.

A page asks for it by a header, ``X-Refresh-Token: cookie``. Other sites' pages can't send that, nor
does their ``Origin`` fit, so nobody can use a cookie from there.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from werkzeug.http import dump_cookie, parse_cookie

from gateway.responses.failures import UnauthorizedWith
from gateway.responses.replies import Reply
from schemas.accounts import REFRESH_TOKEN_DAYS
from schemas.constraints import excerpt
from schemas.errors import Forbidden, InvalidParameter, Unauthorized, fault
from services.transport.http import HttpRequest

HEADER = "X-Refresh-Token"
IN_COOKIE = "cookie"

COOKIE = "gym_refresh_token"
PATH = "/api/users/token/"
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class TokenCookie:
    """The cookie of a page that wants its refresh token there.

    Args:
        token: what it has now; nothing if there is no cookie.
        is_secure: whether the page came over TLS, so that the cookie goes over nothing else.
    """

    token: str = field(repr=False)
    is_secure: bool

    def set_to(self, token: str, seconds: int) -> tuple[str, str]:
        """Return the header by which a browser keeps a token for so long."""
        value = dump_cookie(
            COOKIE,
            token,
            max_age=seconds,
            path=PATH,
            secure=self.is_secure,
            httponly=True,
            samesite="Strict",
        )
        return "Set-Cookie", value


def check_origin(request: HttpRequest) -> None:
    """Refuse pages of others, before anything else of the request is looked at.

    Raises:
        Forbidden: a page wants its token in a cookie, and is not one of this server.
    """
    if request.headers(HEADER) != [IN_COOKIE]:
        return
    host = _origin(request).netloc
    if not host or host.lower() != (request.header("Host") or "").lower():
        raise Forbidden("Only the pages of this server keep their tokens in cookies")


def find_cookie(request: HttpRequest) -> TokenCookie | None:
    """Return the cookie of a request; None if its client keeps refresh tokens by itself.

    Raises:
        InvalidParameter: the header has another value.
    """
    given = request.headers(HEADER)
    if not given:
        return None
    if given != [IN_COOKIE]:
        message = f"{HEADER} must be {IN_COOKIE}"
        allowed = {"allowed": [IN_COOKIE], "received": excerpt(", ".join(given))}
        raise InvalidParameter.of(fault(HEADER, message, "one_of", **allowed))
    cookies = parse_cookie("; ".join(request.headers("Cookie")))
    return TokenCookie(cookies.get(COOKIE, ""), _origin(request).scheme == "https")


def _origin(request: HttpRequest) -> SplitResult:
    return urlsplit(request.header("Origin") or "")


def with_tokens(cookie: TokenCookie | None, tokens: dict[str, Any], **more: Any) -> Reply:
    """Return a reply with tokens, of which the refresh token is in the cookie if there is one.

    Args:
        cookie: of the request.
        tokens: with ``refresh_token``.
        more: what else is in the reply.
    """
    if cookie is None:
        return Reply(tokens, **more)
    kept = cookie.set_to(tokens["refresh_token"], REFRESH_TOKEN_DAYS * DAY_SECONDS)
    return Reply({**tokens, "refresh_token": None}, headers=(kept,), **more)


def without_tokens(cookie: TokenCookie | None, data: dict[str, Any]) -> Reply:
    """Return a reply that takes the refresh token out of the cookie, if there is one."""
    return Reply(data, headers=() if cookie is None else (cookie.set_to("", 0),))


def without_cookie(cookie: TokenCookie, refused: Unauthorized) -> UnauthorizedWith:
    """Return an error whose response takes away a cookie that is good for nothing any more."""
    return UnauthorizedWith(refused, cookie.set_to("", 0))
