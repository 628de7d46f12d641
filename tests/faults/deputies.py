"""Processes that fail on purpose, in the place of a service's own."""

import itertools
from contextlib import contextmanager

_numbers = itertools.count(1)


@contextmanager
def instead_of(system, service, failpoints):
    """Run a process with failpoints instead of a service's usual one; give its part's name."""
    deputy = f"{service}-failing-{next(_numbers)}"
    system.start_another(service, deputy, {"GYM_FAILPOINTS": failpoints})
    system.stop(service)
    try:
        yield deputy
    finally:
        system.start(service)
        system.stop(deputy)
