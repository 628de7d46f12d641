"""Finding the route of a request."""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import unquote_to_bytes

from services.transport.http.messages import HttpRequest, Refused, Response

WILDCARD = ":"


class Provider(Protocol):
    """Serves one method of one path."""

    method: str
    path: str

    def handle_request(self, request: HttpRequest) -> Response:
        """Answer a request."""


class Routes:
    """Routes by path, as in ``/api/users/:id``; literal parts win over wildcards.

    Each part between slashes is decoded by itself, so an encoded slash stays inside its part and
    a strange id still finds its route, which then judges it. ``werkzeug.routing`` does neither:
    docs/decisions/werkzeug-at-the-edge.md.
    """

    def __init__(self, providers: Iterable[Provider]):
        by_path: dict[str, dict[str, Provider]] = {}
        for provider in providers:
            by_path.setdefault(provider.path, {})[provider.method] = provider
        self._literal = {path: methods for path, methods in by_path.items() if WILDCARD not in path}
        self._shapes: dict[int, list[tuple[list[str], dict[str, Provider]]]] = {}
        for path, methods in by_path.items():
            shape = path.split("/")
            self._shapes.setdefault(len(shape), []).append((shape, methods))
        for shapes in self._shapes.values():
            shapes.sort(key=lambda shape: [part.startswith(WILDCARD) for part in shape[0]])

    def find(self, path: str) -> tuple[dict[str, Provider], dict[str, str]]:
        """Return the providers of a path by method, and the values of its wildcards.

        Args:
            path: as it was sent, still percent-encoded.

        Raises:
            Refused: there is no such route.
        """
        if path in self._literal:
            return self._literal[path], {}
        parts = [*map(_decode, path.split("/"))]
        for shape, methods in self._shapes.get(len(parts), ()):
            if all(map(_fits, shape, parts)):
                pairs = zip(shape, parts, strict=True)
                return methods, {name[1:]: part for name, part in pairs if name[:1] == WILDCARD}
        raise Refused(404)


def allowed(methods: Iterable[str]) -> str:
    """Return the methods of a path as ``Allow`` lists them."""
    names = {*methods, "OPTIONS"}
    if "GET" in names:
        names.add("HEAD")
    return ", ".join(sorted(names))


def _decode(part: str) -> str:
    if part.isascii() and "%" not in part:
        return part
    return unquote_to_bytes(part.encode("latin-1")).decode("utf-8", "replace")


def _fits(expected: str, part: str) -> bool:
    return expected == part or (bool(part) and expected[:1] == WILDCARD)
