"""Runs one service: ``python -m services.run workouts``."""

import gc
import sys

# nearly all that imports make stays: collections among it take a sixth of a start
gc.disable()
# nor does structlog import rich, which is there where the tests' tools are installed: a seventh
sys.modules["rich"] = None  # type: ignore[assignment]

# ruff: noqa: E402 - everything below must find patched sockets
import eventlet

eventlet.monkey_patch()

import importlib
import os
import signal
import subprocess
from collections.abc import Callable

from eventlet.debug import hub_exceptions
from nameko.runners import ServiceRunner

from schemas.names import PUBLIC_NAMES
from services import pooling, revisions
from services.containers import SERVICES, make_config, service_class
from services.observability import logging, tracing
from services.process import budgets
from services.process.settings import CannotStart, Settings

GARBAGE = 20_000
"""Allocations between two garbage collections (threshold of the youngest generation)."""


def main(name: str) -> int:
    """Migrate the service's database, then run the service until SIGTERM or SIGINT."""
    try:
        settings = Settings.from_environment(service=name)
        settings.refuse_well_known_passwords(name)
        budgets.check()
        logging.configure(settings, PUBLIC_NAMES[name])
        if name != "gateway" and not _is_migrated(name, settings):
            return 1
        if name == "gateway":
            import_redis()
        tracing.switch_on(settings, PUBLIC_NAMES[name])
        service = service_class(name)
        # before waiting for the broker, which may take hours
        gc.enable()
        _run(service, make_config(name, settings))
    except CannotStart as problem:
        logging.report_no_start(PUBLIC_NAMES[name], "can't start", problem)
        return 2
    return 0


def import_redis() -> None:
    """Import redis-py, which the rate limits use, without OpenTelemetry's metrics.

    redis-py imports these if they are installed, which costs 2 MiB for nothing.
    """
    # the import system's own way to make an import fail
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]
    importlib.import_module("redis")
    del sys.modules["opentelemetry"]


def spare_the_collector() -> None:
    """Exclude the objects made at the start from garbage collection, and collect less often.

    Nearly all objects of a request are freed by their reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


def _is_migrated(name: str, settings: Settings) -> bool:
    """Return whether the database has the latest revision, after a migration if need be.

    Raises:
        CannotStart: its pooler can't be used.
    """
    address = settings.databases[name]
    if not (revisions.is_latest(name, address) or _migrate(name)):
        return False
    if address.pooler:
        pooling.wait_until_usable(address.pooler)
    return True


def _migrate(name: str) -> bool:
    # in a process of its own, so that Alembic's memory is returned
    child = subprocess.Popen([sys.executable, "-m", "services.migrate", name])
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    is_done = child.wait() == 0
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return is_done


def _run(service: type, config: dict) -> None:
    runner = ServiceRunner(config)
    runner.add_service(service)
    # a signal handler runs in whatever greenthread is current and must not block
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: eventlet.spawn_n(runner.stop))
    logging.get_logger(__name__).info("starting", pid=os.getpid())
    # start() raises its failures; the hub would print them as well, once per greenthread
    hub_exceptions(False)
    if problem := eventlet.spawn(_start, runner).wait():
        raise problem
    hub_exceptions(True)
    spare_the_collector()
    eventlet.spawn(runner.wait).wait()
    tracing.switch_off()


def _start(runner: ServiceRunner) -> Exception | None:
    # Nameko waits in queues, for the container and for its extensions. Eventlet's Waiter, which
    # ends such a wait, prints what is raised in the greenlet that it resumes: so nothing is raised
    # in the container's, and the main one, which ends the process, does not wait in a queue.
    problems: list[Exception] = []
    for container in runner.containers:
        container.start = _noting(container.start, problems)
    runner.start()
    return problems[0] if problems else None


def _noting(start: Callable[[], None], problems: list[Exception]) -> Callable[[], None]:
    def begin() -> None:
        try:
            start()
        except Exception as problem:
            problems.append(problem)

    return begin


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in SERVICES:
        sys.exit(f"usage: python -m services.run {'|'.join(SERVICES)}")
    sys.exit(main(sys.argv[1]))
