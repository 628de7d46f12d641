"""The routes of the documentation: the document, the page, and the page's files."""

import json
from collections.abc import Callable

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from gateway.admission.admission import Admission
from gateway.admission.rate_limits import API
from gateway.openapi import files
from gateway.openapi.routes import undocumented
from gateway.responses.failures import failure
from schemas.errors import GymError
from services.process.settings import CannotStart
from services.transport.http import HttpRequest, Refused, Response, WebServer
from services.transport.http.messages import JSON_TYPE

FILE = "file"


class Undocumented(CannotStart):
    """A route is not documented."""


class _Page:
    """One of the routes, as the web server takes them."""

    method = "GET"

    def __init__(self, path: str, handle_request: Callable[[HttpRequest], Response]):
        self.path = path
        self.handle_request = handle_request


class Documentation(DependencyProvider):
    """Serves ``/openapi.json``, ``/docs`` and the files of that page.

    Nothing of it is made or read before the first request for it; only whether it can be made is
    checked at the start.
    """

    server = WebServer()
    admission = Admission()
    encoded: bytes | None = None

    def setup(self) -> None:
        """Add the routes.

        Raises:
            Undocumented: a route lacks something that the document needs.
        """
        missing = undocumented(self.container.service_cls)
        if missing:
            raise Undocumented(f"the documentation is incomplete: {'; '.join(missing)}")
        handlers = {
            "/openapi.json": self._document,
            "/docs": self._page,
            f"/docs/:{FILE}": self._file,
        }
        self._pages = [_Page(path, self._counted(handle)) for path, handle in handlers.items()]
        for page in self._pages:
            self.server.register_provider(page)

    def stop(self) -> None:
        """Remove the routes."""
        for page in self._pages:
            self.server.unregister_provider(page)

    def get_dependency(self, worker_ctx: WorkerContext) -> "Documentation":
        """Return the provider itself."""
        return self

    def _counted(
        self, handle: Callable[[HttpRequest], Response]
    ) -> Callable[[HttpRequest], Response]:
        def handle_request(request: HttpRequest) -> Response:
            try:
                self.admission.count_address(request, API)
            except GymError as error:
                return failure(request, error)
            return handle(request)

        return handle_request

    def _document(self, request: HttpRequest) -> Response:
        if self.encoded is None:
            self.encoded = self._make()
        return Response(200, self.encoded, _headers(JSON_TYPE, files.ASK_AGAIN))

    def _make(self) -> bytes:
        # imported here, as apispec takes a while to import, and most gateways are never asked
        from gateway.openapi.document import make_document

        document = make_document(self.container.service_cls)
        return json.dumps(document, ensure_ascii=False).encode()

    def _page(self, request: HttpRequest) -> Response:
        policy = ("Content-Security-Policy", files.PAGE_POLICY)
        headers = _headers("text/html; charset=utf-8", files.ASK_AGAIN)
        return Response(200, files.page(), (*headers, policy))

    def _file(self, request: HttpRequest) -> Response:
        name = request.path_values[FILE]
        if name not in files.FILES:
            raise Refused(404)
        headers = _headers(files.FILES[name].media_type, files.cache_control(name))
        return Response(200, files.read(name), headers)


def _headers(media_type: str, cache_control: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", media_type), ("Cache-Control", cache_control))
