"""Finding one extension of a container from another."""

from types import SimpleNamespace

import pytest
from nameko.extensions import DependencyProvider

from services.dependencies.siblings import sibling


class One(DependencyProvider):
    """A provider."""


class Other(DependencyProvider):
    """Another one."""


def test_the_provider_of_a_class_or_of_one_made_from_it_is_found():
    class Special(One):
        """What a service may declare in its place."""

    other, special = Other(), Special()
    container = SimpleNamespace(dependencies={other, special}, service_name="users")
    assert sibling(container, One) is special
    assert sibling(container, Other) is other


def test_a_service_without_it_is_named():
    container = SimpleNamespace(dependencies={Other()}, service_name="users")
    with pytest.raises(LookupError, match="users declares no One"):
        sibling(container, One)
