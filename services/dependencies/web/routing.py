"""Finding the route of a request."""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import unquote_to_bytes

from services.dependencies.web.messages import Answer, HttpRequest, Refused

WILDCARD = ":"


class Provider(Protocol):
    """Whatever serves one method of one path."""

    method: str
    path: str

    def handle_request(self, request: HttpRequest) -> Answer:
        """Answer a request."""


class Routes:
    """Routes by path, as in ``/api/users/:id``; literal parts win over wildcards.

    Werkzeug's map would redirect ``//``, join an encoded slash to the path, and fail on some Host
    headers. Here each part between slashes is taken as it is, so a strange id still finds its
    route, where it is judged.
    """

    def __init__(self, providers: Iterable[Provider]):
        by_path: dict[str, dict[str, Provider]] = {}
        for provider in providers:
            by_path.setdefault(provider.path, {})[provider.method] = provider
        shapes = [(path.split("/"), methods) for path, methods in by_path.items()]
        self._shapes = sorted(
            shapes, key=lambda shape: [part.startswith(WILDCARD) for part in shape[0]]
        )

    def find(self, path: str) -> tuple[dict[str, Provider], dict[str, str]]:
        """Return the providers of a path by method, and the values of its wildcards.

        Args:
            path: as it was sent, still percent-encoded.

        Raises:
            Refused: there is no such route.
        """
        parts = [_decode(part) for part in path.split("/")]
        for shape, methods in self._shapes:
            if len(shape) == len(parts) and all(map(_fits, shape, parts)):
                values = {
                    name[1:]: part
                    for name, part in zip(shape, parts, strict=True)
                    if name.startswith(WILDCARD)
                }
                return methods, values
        raise Refused(404)


def allowed(methods: Iterable[str]) -> str:
    """Return the methods of a path as ``Allow`` lists them."""
    names = {*methods, "OPTIONS"}
    if "GET" in names:
        names.add("HEAD")
    return ", ".join(sorted(names))


def _decode(part: str) -> str:
    return unquote_to_bytes(part.encode("latin-1")).decode("utf-8", "replace")


def _fits(expected: str, part: str) -> bool:
    return bool(part) if expected.startswith(WILDCARD) else expected == part
