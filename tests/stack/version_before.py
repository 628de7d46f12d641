"""A system of the version before, beside which processes of this one can be started."""

import os
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import create_engine, text

import stack.services
import stack.system
from services.process.settings import Settings
from stack.layout import CHECKOUT, RUN_DIRECTORY, SERVICES
from stack.system import System
from stack.testing import SETTINGS, running_system

BEFORE = "81aaba6e3efdc65adcd9ccb968fcbe1f83fa7cce"
"""The last commit of the version before."""

SERVED = tuple(name for name in SERVICES if name != "notifications")
"""The services that it has."""


def extract(directory):
    """Put the files of the version before into a directory."""
    archive = subprocess.run(["git", "archive", BEFORE], cwd=CHECKOUT, capture_output=True)
    if archive.returncode:
        pytest.skip("the history of this copy does not reach back to the version before")
    subprocess.run(["tar", "-x", "-C", directory], input=archive.stdout, check=True)


@contextmanager
def running_from(directory):
    """Let the services that are described in this block run from the files of a version."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (stack.services, stack.system):
            patch.setattr(module, "CHECKOUT", directory)
        patch.setattr(System, "migrate", migrate_one_by_one)
        # it has no fork server, and one of this version would fork services of this version
        patch.setattr(stack.services, "_fork_request", lambda service, environment: "")
        patch.setattr(System, "renew_fork_server", lambda *_: None)
        yield


def migrate_one_by_one(system, names, step, migrate=System.migrate):
    """Do as the version before, whose command takes one service."""
    for name in names:
        migrate(system, [name], step)


@contextmanager
def system_before(files, settings):
    """A running system of the version before."""
    with ExitStack() as running:
        with running_from(files):
            # beside that of the session
            directory = RUN_DIRECTORY / f"test-{os.getpid()}-before"
            system = running.enter_context(
                running_system(SERVED, settings=SETTINGS | settings, directory=directory)
            )
        yield system


def leave_only_before(system):
    """Stop all processes of this version, and start those of the version before that are down."""
    for name in system.state.added:
        system.stop(name)
    for name in SERVED:
        system.start(name)


def rows(system, service, statement):
    """Return what a statement gives in a service's database."""
    engine = create_engine(Settings.from_environment(system.environment).databases[service].url)
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        result = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return result
