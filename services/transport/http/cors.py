"""CORS: which pages of other origins may use this server."""

from services.transport.http.messages import Headers, HttpRequest

READABLE = (
    "X-Request-ID, Location, Link, Retry-After, ETag, Idempotent-Replayed, Content-Disposition"
)
SENDABLE = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"
PREFLIGHT_SECONDS = "600"


class Cors:
    """Makes the CORS headers of responses.

    Args:
        origins: the origins that are let in, such as ``https://app.example``.
    """

    def __init__(self, origins: tuple[str, ...]):
        self.origins = frozenset(origins)

    def headers(self, request: HttpRequest, allow: str | None = None) -> Headers:
        """Return the CORS headers of a response.

        Args:
            request: the request.
            allow: the path's methods, for OPTIONS.
        """
        return self.headers_for(request.header("Origin"), allow) if self.origins else ()

    def headers_for(self, origin: str | None, allow: str | None = None) -> Headers:
        """Return the CORS headers of a response to a request from an origin."""
        if not self.origins:
            return ()
        if origin not in self.origins:
            return (("Vary", "Origin"),)
        granted = (
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", READABLE),
        )
        if allow is None:
            return granted
        return (
            *granted,
            ("Access-Control-Allow-Methods", allow),
            ("Access-Control-Allow-Headers", SENDABLE),
            ("Access-Control-Max-Age", PREFLIGHT_SECONDS),
        )
