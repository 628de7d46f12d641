"""Serves the pages that links in mails lead to, and their files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.pages import ASK_AGAIN, Handler, Pages, page_policy
from services.transport.http import Response

HERE = Path(__file__).parent

POLICY = page_policy(images="data:")

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


class LinkPages(Pages):
    """Serves ``/reset-password``, ``/confirm-email``, ``/unsubscribe`` and their files.

    The token of a link is in its fragment, which a browser does not send: only the script reads it.
    """

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by path."""
        return {path: _serving(page) for path, page in PAGES.items()}


def _serving(page: Page) -> Handler:
    content_type = ("Content-Type", f"{page.media_type}; charset=utf-8")
    headers = [content_type, ("Cache-Control", ASK_AGAIN)]
    if page.media_type == HTML:
        headers.append(("Content-Security-Policy", POLICY))
    response = Response(200, (HERE / page.name).read_bytes(), tuple(headers))
    return lambda _: response
