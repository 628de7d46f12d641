"""What pages and their files have in common: they are served without an envelope."""

from collections.abc import Callable, Mapping

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from gateway.admission.admission import Admission
from gateway.admission.rate_limits import API
from gateway.responses.failures import failure
from schemas.errors import GymError
from services.transport.http import HttpRequest, Response, WebServer

FOREVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
"""Values of ``Cache-Control``: of what is named by its content or version, and of all else."""

Handler = Callable[[HttpRequest], Response]


def page_policy(*more: str, images: str = "'self' data:") -> str:
    """Return the ``Content-Security-Policy`` of a page.

    Nothing from other hosts, no code and no style but its files, and in no frame. Forms are sent by
    scripts, so that no browser ever puts a password or a token into an address.

    Args:
        more: further directives.
        images: where images may come from.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {images}",
            "connect-src 'self'",
            *more,
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


class _Provider:
    """One of the paths, as the web server takes them."""

    method = "GET"

    def __init__(self, path: str, handle_request: Handler):
        self.path = path
        self.handle_request = handle_request


class Pages(DependencyProvider):
    """Serves paths of pages, each request counted for its address."""

    server = WebServer()
    admission = Admission()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by path."""
        raise NotImplementedError

    def setup(self) -> None:
        """Add the routes."""
        self._providers = [
            _Provider(path, self._counted(handle)) for path, handle in self.handlers().items()
        ]
        for provider in self._providers:
            self.server.register_provider(provider)

    def stop(self) -> None:
        """Remove the routes."""
        for provider in self._providers:
            self.server.unregister_provider(provider)

    def get_dependency(self, worker_ctx: WorkerContext) -> "Pages":
        """Return the provider itself."""
        return self

    def _counted(self, handle: Handler) -> Handler:
        def handle_request(request: HttpRequest) -> Response:
            try:
                self.admission.count_address(request, API)
            except GymError as error:
                return failure(request, error)
            return handle(request)

        return handle_request
