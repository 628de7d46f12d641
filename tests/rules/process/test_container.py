"""The container: what it is made of, and what making it takes."""

import inspect

import pytest
from nameko.containers import get_container_cls
from nameko.extensions import Extension, iter_extensions

from services.containers import SERVICES, make_config, service_class
from services.process.settings import Settings


def make_container(name):
    config = make_config(name, Settings.from_environment({}, name))
    return get_container_cls(config)(service_class(name), config)


@pytest.mark.parametrize("name", SERVICES)
def test_its_extensions_are_those_that_nameko_finds(name):
    container = make_container(name)
    found = {
        below
        for top in container.entrypoints | container.dependencies
        for below in iter_extensions(top)
    }
    assert container.subextensions == found


def test_each_extension_is_looked_through_twice(monkeypatch):
    looked_through = []
    getmembers = inspect.getmembers

    def noting(thing, *arguments):
        if isinstance(thing, Extension):
            looked_through.append(thing)
        return getmembers(thing, *arguments)

    monkeypatch.setattr(inspect, "getmembers", noting)
    container = make_container("gateway")
    # once to bind what is below it, and once to find it
    assert len(looked_through) == 2 * len(container.extensions)
