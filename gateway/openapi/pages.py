"""The routes of the documentation: the document, the page, and the page's files."""

import json
from collections.abc import Mapping

from gateway.openapi import files
from gateway.openapi.routes import undocumented
from gateway.pages import ASK_AGAIN, Handler, Pages
from services.process.settings import CannotStart
from services.transport.http import HttpRequest, Refused, Response
from services.transport.http.messages import JSON_TYPE

FILE = "file"


class Undocumented(CannotStart):
    """A route is not documented."""


class Documentation(Pages):
    """Serves ``/openapi.json``, ``/docs`` and the files of that page.

    Nothing of it is made or read before the first request for it; only whether it can be made is
    checked at the start.
    """

    encoded: bytes | None = None

    def setup(self) -> None:
        """Add the routes.

        Raises:
            Undocumented: a route lacks something that the document needs.
        """
        missing = undocumented(self.container.service_cls)
        if missing:
            raise Undocumented(f"the documentation is incomplete: {'; '.join(missing)}")
        super().setup()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by path."""
        return {
            "/openapi.json": self._document,
            "/docs": self._page,
            f"/docs/:{FILE}": self._file,
        }

    def _document(self, request: HttpRequest) -> Response:
        if self.encoded is None:
            self.encoded = self._make()
        return Response(200, self.encoded, _headers(JSON_TYPE, ASK_AGAIN))

    def _make(self) -> bytes:
        # imported here, as apispec takes a while to import, and most gateways are never asked
        from gateway.openapi.document import make_document

        document = make_document(self.container.service_cls)
        return json.dumps(document, ensure_ascii=False).encode()

    def _page(self, request: HttpRequest) -> Response:
        policy = ("Content-Security-Policy", files.PAGE_POLICY)
        headers = _headers("text/html; charset=utf-8", ASK_AGAIN)
        return Response(200, files.page(), (*headers, policy))

    def _file(self, request: HttpRequest) -> Response:
        name = request.path_values[FILE]
        if name not in files.FILES:
            raise Refused(404)
        headers = _headers(files.FILES[name].media_type, files.cache_control(name))
        return Response(200, files.read(name), headers)


def _headers(media_type: str, cache_control: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", media_type), ("Cache-Control", cache_control))
