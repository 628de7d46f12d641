"""The files of the page at /docs: Swagger UI's, from its package, and two of our own."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from gateway.pages import ASK_AGAIN, FOREVER, page_policy

OWN = Path(__file__).parent
PACKAGE = "flask_swagger_ui"

PAGE_POLICY = page_policy()


@dataclass(frozen=True)
class File:
    """A file that is served.

    Args:
        media_type: its ``Content-Type``.
        is_own: whether it lies beside this module, and not in Swagger UI's package.
    """

    media_type: str
    is_own: bool = False


FILES = {
    "start.js": File("text/javascript; charset=utf-8", is_own=True),
    "swagger-ui-bundle.js": File("text/javascript; charset=utf-8"),
    "swagger-ui.css": File("text/css; charset=utf-8"),
    "favicon-32x32.png": File("image/png"),
}
"""By name; nothing else is served."""


@cache
def read(name: str) -> bytes:
    """Return the content of one of :data:`FILES`."""
    return (OWN if FILES[name].is_own else _swagger_ui()).joinpath(name).read_bytes()


@cache
def page() -> bytes:
    """Return the page; its links have the version, so that the files can be cached forever."""
    text = (OWN / "page.html").read_text("utf-8")
    return text.replace("VERSION", version("flask-swagger-ui")).encode()


def cache_control(name: str) -> str:
    """Return a file's ``Cache-Control``: only the URLs of Swagger UI's have their version."""
    return ASK_AGAIN if FILES[name].is_own else FOREVER


def _swagger_ui() -> Path:
    # found without being imported, as the package would import Flask
    found = find_spec(PACKAGE)
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "dist"
