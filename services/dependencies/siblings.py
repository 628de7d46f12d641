"""Finding one extension of a container from another."""

from typing import TypeVar

from nameko.containers import ServiceContainer

Dependency = TypeVar("Dependency")


def sibling(
    container: ServiceContainer, kind: type[Dependency], **attributes: object
) -> Dependency:
    """Return the dependency provider of a class that the container's service declares.

    An extension declared on another extension would be a second instance beside the service's own
    (Nameko shares only ``SharedExtension``): a second pool of database connections, say.

    Args:
        container: of the service.
        kind: the class.
        attributes: which of several is meant: values of its attributes, such as ``name``.

    Raises:
        LookupError: the service declares none.
    """
    for provider in container.dependencies:
        if isinstance(provider, kind) and attributes.items() <= vars(provider).items():
            return provider
    raise LookupError(f"{container.service_name} declares no {kind.__name__}")
