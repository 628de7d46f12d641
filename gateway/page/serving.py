"""Serves the web app."""

from collections.abc import Mapping
from functools import cache

from gateway.page.files import served
from gateway.page.variants import Variants, responses_of
from gateway.pages import Handler, Pages
from gateway.responses.prepared_files import Choose, PreparedFiles
from services.transport.http import HttpRequest, Response
from services.transport.http.plain_get import PlainGet
from services.transport.http.prepared_response import PreparedResponse


class WebPage(Pages):
    """Serves ``/`` and the files of the page, and nothing else of the disk.

    A directory of the version before is a 404 at once: a page of one version must not get the
    modules of another. Plain GETs are answered by the fast path, all else by the handlers.
    """

    files = PreparedFiles()

    def setup(self) -> None:
        """Add the routes, and the files to the fast path."""
        super().setup()
        for path, responses in _all_responses().items():
            self.files.add(path, self._choosing(path, responses))

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by path."""
        return {path: _answering(responses) for path, responses in _all_responses().items()}

    def _choosing(self, path: str, responses: Variants[Response]) -> Choose:
        def prepare(response: Response) -> PreparedResponse:
            headers = response.headers + self.server.headers_without_origin
            return PreparedResponse(path.encode(), path, response.status, headers, response.body)

        @cache
        def prepared() -> Variants[PreparedResponse]:
            # not before a request comes: then the web server has been set up
            return responses.each(prepare)

        def choose(get: PlainGet) -> PreparedResponse:
            return prepared().choose(get.header(b"accept-encoding"), get.header(b"if-none-match"))

        return choose


@cache
def _all_responses() -> Mapping[str, Variants[Response]]:
    return {path: responses_of(file) for path, file in served().items()}


def _answering(responses: Variants[Response]) -> Handler:
    def handle_request(request: HttpRequest) -> Response:
        return responses.choose(request.header("Accept-Encoding"), request.header("If-None-Match"))

    return handle_request
