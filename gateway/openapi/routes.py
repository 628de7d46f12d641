"""The routes of a gateway, their chapters, and what the documentation lacks."""

import inspect
from collections.abc import Iterator

from gateway.entrypoint import Route
from gateway.openapi.examples import EXAMPLES

TAGS = {
    "Users": ("/api/users", "Accounts and tokens"),
    "Exercises": ("/api/exercises", "The catalogue, which is public, and one's own"),
    "Workouts": ("/api/workouts", "One's own training log"),
    "Measurements": ("/api/measurements", "One's own body, as scale and tape have read it"),
    "Imports": ("/api/imports", "Histories of other apps, with a preview and an undo"),
    "Exports": ("/api/exports", "One's own training log as a file"),
    "Changes": ("/api/changes", "What has changed, for apps that keep a copy"),
    "Events": ("/api/events", "Being told at once"),
    "Statistics": ("/api/stats", "What follows from the log"),
    "Mail": ("/api/mail", "Ending the mails that come of themselves"),
    "Webhooks": ("/api/webhooks", "Other programs that are told of what happens"),
    "Operations": ("/api/about", "What this is, and whether it is well"),
}
"""The chapters of the documentation, each with the path under which its routes are."""


def routes_of(service: type) -> Iterator[tuple[str, str, Route]]:
    """Yield the name of each route's method, its docstring, and the route."""
    kinds = reversed(service.__mro__)
    methods = {name: method for kind in kinds for name, method in vars(kind).items()}
    for name, method in methods.items():
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Route):
                yield name, inspect.getdoc(method) or "", entrypoint


def tag_of(path: str) -> str | None:
    """Return the chapter that a path belongs to."""
    for tag, (start, _) in TAGS.items():
        if path == start or path.startswith(f"{start}/"):
            return tag
    return None


def undocumented(service: type) -> list[str]:
    """Return what has to be written before the document can be made."""
    return [
        f"{name} {problem}"
        for name, summary, route in routes_of(service)
        for problem in _missing(summary, route)
    ]


def _missing(summary: str, route: Route) -> Iterator[str]:
    if not summary:
        yield "has no docstring"
    if tag_of(route.path) is None:
        yield "is in no chapter of gateway/openapi/routes.py"
    if route.shows is None:
        yield "does not say what it shows"
    elif route.shows.schemas and _lacks_example(route):
        yield f"shows {route.shows.schemas[0].__name__}, {_WITHOUT_EXAMPLE}"
    if route.body is not None and route.body not in EXAMPLES:
        yield f"takes {route.body.__name__}, {_WITHOUT_EXAMPLE}"
    if route.body is not None and route.upload is not None:
        yield "takes a body and an upload"
    if route.streams and (route.cache is not None or route.takes_key):
        yield "streams, so it can have no cache and no idempotency key"


def _lacks_example(route: Route) -> bool:
    return route.example is None and route.shows.schemas[0] not in EXAMPLES


_WITHOUT_EXAMPLE = "which has no example in gateway/openapi/examples.py"
