"""Health, readiness and metrics over HTTP, on every service and on the gateway.

Readiness asks the extensions of the container that have a ``part`` (a name), ``optional`` (whether
the service works without it) and ``ping``, which raises if the part is not usable. An extension
with ``describe`` adds its result to the response, such as the state of a circuit breaker.
"""

import hmac
import time
from collections.abc import Callable

from eventlet import Timeout
from eventlet.greenpool import GreenPool
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider, Extension

from schemas.envelope import encode, envelope
from schemas.errors import Unauthorized
from schemas.names import PUBLIC_NAMES
from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets
from services.process.settings import SETTINGS_KEY
from services.transport.http import HttpRequest, Response, WebServer
from services.transport.http.messages import JSON_TYPE

log = get_logger(__name__)

PING_SECONDS = 2.0
FRESH_SECONDS = 0.25
"""Lifetime of a cached finding, so that frequent requests cost nothing."""

UNCACHED = (("Content-Type", JSON_TYPE), ("Cache-Control", "no-store"))


class _NoAnswer(Exception):
    """A part's ``ping`` did not return in time."""


class _Page:
    """A route; has what the web server needs of a provider."""

    method = "GET"

    def __init__(self, path: str, handle_request: Callable[[HttpRequest], Response]):
        self.path = path
        self.handle_request = handle_request


class Health(DependencyProvider):
    """Serves ``GET /health`` (the process runs), ``/ready`` (it can work) and ``/metrics``."""

    server = WebServer()

    def setup(self) -> None:
        """Add the routes."""
        self._one_at_a_time = Semaphore()
        self._found: tuple[float, dict[str, bool]] = (0.0, {})
        self._pages = [
            _Page("/health", self._health),
            _Page("/ready", self._ready),
            _Page("/metrics", self._metrics),
        ]
        busy = self.container._worker_threads
        metrics.watch_workers(lambda: len(busy), self.container.max_workers)
        for page in self._pages:
            self.server.register_provider(page)

    def stop(self) -> None:
        """Remove the routes."""
        for page in self._pages:
            self.server.unregister_provider(page)

    def get_dependency(self, worker_ctx: WorkerContext) -> "Health":
        """Return the provider itself."""
        return self

    @property
    def _name(self) -> str:
        return PUBLIC_NAMES.get(self.container.service_name, self.container.service_name)

    def _health(self, request: HttpRequest) -> Response:
        status = {"status": "ok", "service": self._name}
        return Response(200, encode(envelope([status], request.request_id)), UNCACHED)

    def _ready(self, request: HttpRequest) -> Response:
        found = self._look()
        missing = sorted(part for part, needed in found.items() if needed)
        degraded = sorted(part for part, needed in found.items() if not needed)
        if missing:
            return self._not_ready(request, missing)
        status: dict = {"status": "ready", "service": self._name, **self._described()}
        if degraded:
            status["degraded"] = degraded
        return Response(200, encode(envelope([status], request.request_id)), UNCACHED)

    def _not_ready(self, request: HttpRequest, missing: list[str]) -> Response:
        seconds = budgets.UNAVAILABLE_RETRY_AFTER
        error = {
            "code": "SERVICE_UNAVAILABLE",
            "message": f"Not ready: {', '.join(missing)}",
            "details": {
                "service": self._name,
                "missing": missing,
                "retry_after": seconds,
                **self._described(),
            },
        }
        body = encode(envelope([], request.request_id, errors=[error]))
        return Response(503, body, (*UNCACHED, ("Retry-After", str(seconds))))

    def _metrics(self, request: HttpRequest) -> Response:
        if not self._may_read_metrics(request):
            error = Unauthorized("The metrics need their own bearer token")
            body = encode(envelope([], request.request_id, errors=error.entries()))
            return Response(401, body, (*UNCACHED, ("WWW-Authenticate", "Bearer")))
        headers = (("Content-Type", metrics.CONTENT_TYPE), ("Cache-Control", "no-store"))
        return Response(200, metrics.page(), headers)

    def _may_read_metrics(self, request: HttpRequest) -> bool:
        token = self.container.config[SETTINGS_KEY].metrics_token
        given = request.header("Authorization") or ""
        return not token or hmac.compare_digest(given.encode(), f"Bearer {token}".encode())

    def _described(self) -> dict[str, dict]:
        """Return the descriptions of all extensions, merged by subject."""
        told: dict[str, dict] = {}
        for extension in self.container.extensions:
            describe = getattr(extension, "describe", None)
            for subject, facts in (describe() if describe else {}).items():
                told.setdefault(subject, {}).update(facts)
        return told

    def _look(self) -> dict[str, bool]:
        """Return the parts that are not ready, each with whether it is required."""
        with self._one_at_a_time:
            looked_at, failed = self._found
            if time.monotonic() - looked_at < FRESH_SECONDS:
                return failed
            parts = [part for part in self.container.extensions if getattr(part, "part", None)]
            pool = GreenPool(max(len(parts), 1))
            works = pool.imap(_works, parts)
            failed = {
                part.part: not part.optional
                for part, ok in zip(parts, works, strict=True)
                if not ok
            }
            self._found = (time.monotonic(), failed)
            return failed


def _works(part: Extension) -> bool:
    try:
        with Timeout(PING_SECONDS, _NoAnswer()):
            part.ping()
    except Exception as problem:
        log.info("part not ready", part=part.part, reason=str(problem) or type(problem).__name__)
        return False
    return True
