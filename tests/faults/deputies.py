"""Processes that fail on purpose, or have a wrong clock, in the place of a service's own."""

import itertools
from contextlib import ExitStack, contextmanager

from tests.fakes.clocks import shifted_by

_numbers = itertools.count(1)


@contextmanager
def instead_of(system, service, failpoints):
    """Run a process with failpoints instead of a service's usual one; give its part's name."""
    deputy = f"{service}-failing-{next(_numbers)}"
    with _replaced(system, service, deputy, {"GYM_FAILPOINTS": failpoints}):
        yield deputy


@contextmanager
def with_settings(system, service, **settings):
    """Run a process with other settings instead of a service's usual one; give its part's name."""
    deputy = f"{service}-otherwise-{next(_numbers)}"
    with _replaced(system, service, deputy, settings):
        yield deputy


@contextmanager
def with_wrong_clocks(system, library, **seconds):
    """Run processes whose clocks are wrong by some seconds instead of the services' usual ones.

    Gives the names of their parts, and the base URL of the gateway among them, or of the usual one.
    """
    url = system.url
    deputies = {}
    with ExitStack() as stack:
        for service, shift in seconds.items():
            name = deputies[service] = f"{service}-shifted-{next(_numbers)}"
            settings = shifted_by(shift, library)
            address = stack.enter_context(_replaced(system, service, name, settings))
            url = f"http://{address}" if service == "gateway" else url
        yield deputies, url


@contextmanager
def _replaced(system, service, deputy, settings):
    address = system.start_another(service, deputy, settings)
    system.stop(service)
    try:
        yield address
    finally:
        system.start(service)
        system.stop(deputy)
