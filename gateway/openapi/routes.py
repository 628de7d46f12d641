"""The routes of a gateway, and whether all that the documentation needs is said about them."""

import inspect
from collections.abc import Iterator

from gateway.entrypoint import Route
from gateway.openapi.operations import OPERATIONS


def routes_of(service: type) -> Iterator[tuple[str, str, Route]]:
    """Return every route of a service: its method's name, what it does, and the route."""
    kinds = reversed(service.__mro__)
    methods = {name: method for kind in kinds for name, method in vars(kind).items()}
    for name, method in methods.items():
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, Route):
                yield name, inspect.getdoc(method) or "", entrypoint


def gaps(service: type) -> list[str]:
    """Return what has to be written before the document can be made.

    Args:
        service: the class whose methods are the routes.
    """
    found = []
    for name, summary, route in routes_of(service):
        operation = OPERATIONS.get(name)
        if not summary:
            found.append(f"{name} has no docstring")
        if operation is None:
            found.append(f"{name} has no entry in gateway/openapi/operations.py")
        elif route.body is not None and operation.body is None:
            found.append(
                f"{name} takes a body, and its entry in operations.py has no example of it"
            )
    return found
