"""Serves the web app."""

from collections.abc import Mapping

from werkzeug.http import parse_accept_header

from gateway.page.files import File, served
from gateway.pages import ASK_AGAIN, FOREVER, Handler, Pages
from gateway.responses.replies import has_tag
from services.transport.http import HttpRequest, Response


class WebPage(Pages):
    """Serves ``/`` and the files of the page, and nothing else of the disk.

    A directory of the version before is a 404 at once: a page of one version must not get the
    modules of another.
    """

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by path."""
        return {path: _serving(file) for path, file in served().items()}


def _serving(file: File) -> Handler:
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
        known = request.header("If-None-Match")
        if known is not None and has_tag(known, file.tag):
            return unchanged
        return compressed if _takes_gzip(request) else plain

    return handle_request


def _takes_gzip(request: HttpRequest) -> bool:
    accepted = parse_accept_header(request.header("Accept-Encoding") or "")
    return accepted.quality("gzip") > 0
