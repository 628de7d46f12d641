"""Serves the web app."""

from collections.abc import Callable

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from werkzeug.http import parse_accept_header

from gateway.admission.admission import Admission
from gateway.admission.rate_limits import API
from gateway.page.files import ASK_AGAIN, FOREVER, File, served
from gateway.responses.failures import failure
from gateway.responses.replies import has_tag
from schemas.errors import GymError
from services.transport.http import HttpRequest, Response, WebServer


class _Provider:
    """One of the files, as the web server takes them."""

    method = "GET"

    def __init__(self, path: str, handle_request: Callable[[HttpRequest], Response]):
        self.path = path
        self.handle_request = handle_request


class WebPage(DependencyProvider):
    """Serves ``/`` and the files of the page, and nothing else of the disk.

    A directory of the version before is a 404 at once: a page of one version must not get the
    modules of another.
    """

    server = WebServer()
    admission = Admission()

    def setup(self) -> None:
        """Add the routes."""
        self._providers = [_Provider(path, self._serving(file)) for path, file in served().items()]
        for provider in self._providers:
            self.server.register_provider(provider)

    def stop(self) -> None:
        """Remove the routes."""
        for provider in self._providers:
            self.server.unregister_provider(provider)

    def get_dependency(self, worker_ctx: WorkerContext) -> "WebPage":
        """Return the provider itself."""
        return self

    def _serving(self, file: File) -> Callable[[HttpRequest], Response]:
        headers = [
            ("Content-Type", file.media_type),
            ("Cache-Control", FOREVER if file.is_named_by_content else ASK_AGAIN),
            ("Vary", "Accept-Encoding"),
            ("ETag", file.tag),
        ]
        if file.policy is not None:
            headers.append(("Content-Security-Policy", file.policy))
        plain = Response(200, file.content, tuple(headers))
        compressed = Response(200, file.compressed, (*headers, ("Content-Encoding", "gzip")))
        unchanged = Response(304, b"", tuple(headers))

        def handle_request(request: HttpRequest) -> Response:
            try:
                self.admission.count_address(request, API)
            except GymError as error:
                return failure(request, error)
            known = request.header("If-None-Match")
            if known is not None and has_tag(known, file.tag):
                return unchanged
            return compressed if _takes_gzip(request) else plain

        return handle_request


def _takes_gzip(request: HttpRequest) -> bool:
    accepted = parse_accept_header(request.header("Accept-Encoding") or "")
    return accepted.quality("gzip") > 0
