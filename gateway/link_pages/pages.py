"""Serves the pages that links in mails lead to, and their files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from gateway.admission.admission import Admission
from gateway.admission.rate_limits import API
from gateway.responses.failures import failure
from schemas.errors import GymError
from services.transport.http import HttpRequest, Response, WebServer

HERE = Path(__file__).parent

# nothing from other hosts, no code but the files below, and in no frame. The scripts send the forms
# themselves, so that a browser never puts a token or a password into an address
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

HTML, SCRIPT, STYLE = "text/html", "text/javascript", "text/css"


@dataclass(frozen=True)
class Page:
    """A page, or a file of one.

    Args:
        name: of the file beside this module.
        media_type: without its charset.
    """

    name: str
    media_type: str


PAGES = {
    "/reset-password": Page("reset-password.html", HTML),
    "/confirm-email": Page("confirm-email.html", HTML),
    "/unsubscribe": Page("unsubscribe.html", HTML),
    "/link-pages/link-page.js": Page("link-page.js", SCRIPT),
    "/link-pages/reset-password.js": Page("reset-password.js", SCRIPT),
    "/link-pages/confirm-email.js": Page("confirm-email.js", SCRIPT),
    "/link-pages/unsubscribe.js": Page("unsubscribe.js", SCRIPT),
    "/link-pages/link-page.css": Page("link-page.css", STYLE),
}
"""By path; nothing else is served."""


class _Provider:
    """One of the paths, as the web server takes them."""

    method = "GET"

    def __init__(self, path: str, handle_request: Callable[[HttpRequest], Response]):
        self.path = path
        self.handle_request = handle_request


class LinkPages(DependencyProvider):
    """Serves ``/reset-password``, ``/confirm-email``, ``/unsubscribe`` and their files.

    The token of a link is in its fragment, which a browser does not send: only the script reads it.
    """

    server = WebServer()
    admission = Admission()

    def setup(self) -> None:
        """Add the routes."""
        self._providers = [
            _Provider(path, self._serving((HERE / page.name).read_bytes(), page.media_type))
            for path, page in PAGES.items()
        ]
        for provider in self._providers:
            self.server.register_provider(provider)

    def stop(self) -> None:
        """Remove the routes."""
        for provider in self._providers:
            self.server.unregister_provider(provider)

    def get_dependency(self, worker_ctx: WorkerContext) -> "LinkPages":
        """Return the provider itself."""
        return self

    def _serving(self, content: bytes, media_type: str) -> Callable[[HttpRequest], Response]:
        headers = [("Content-Type", f"{media_type}; charset=utf-8"), ("Cache-Control", "no-cache")]
        if media_type == HTML:
            headers.append(("Content-Security-Policy", POLICY))
        response = Response(200, content, tuple(headers))

        def handle_request(request: HttpRequest) -> Response:
            try:
                self.admission.count_address(request, API)
            except GymError as error:
                return failure(request, error)
            return response

        return handle_request
