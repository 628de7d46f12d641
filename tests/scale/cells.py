"""A second cell beside a running system: databases on the same servers, and processes."""

import os
import subprocess
import sys

from services.process import cells
from stack.layout import CHECKOUT, DATABASE_OF, DATABASES
from tests.scale import postgres

CELL = "b"
SETTINGS = {"CELLS": CELL}
"""What all processes of the system have."""

FIELDS = ("PORT", "PASSWORD", "NAME")
MOVING_SECONDS = 90
FIRST = 1000
"""Users of a bucket before those of the tests."""


def user_in(bucket, number=0):
    """Return an id of a user who falls into a bucket, another one for each number."""
    return bucket + cells.BUCKETS * (FIRST + number)


def database_settings(system):
    """Return the variables by which the services of the second cell find their databases."""
    names = [DATABASES[DATABASE_OF[service]] for service in cells.SERVICES]
    return {f"{each.prefix}_DB_NAME": f"{each.name}_{CELL}" for each in names}


def begin_second_cell(system):
    """Make the databases of the second cell, and start its services."""
    for service in cells.SERVICES:
        database = DATABASES[DATABASE_OF[service]]
        ask(system, service, f"CREATE DATABASE {database.name}_{CELL}", cell="")
    settings = {"CELL": CELL, **SETTINGS, **database_settings(system)}
    for service in cells.SERVICES:
        system.start_another(service, process_of(service), settings)


def process_of(service, cell=CELL):
    """Return the name of the part that is the process of a service in a cell."""
    return f"{service}-{cell}" if cell else service


def ask(system, service, *statements, cell=CELL):
    """Run statements in the database of a cell's service, and return the last one's rows."""
    environment = system.environment
    prefix = DATABASES[DATABASE_OF[service]].prefix
    port, password, name = (environment[f"{prefix}_DB_{each}"] for each in FIELDS)
    database = f"{name}_{cell}" if cell else name
    return postgres.ask(port, *statements, database=database, password=password)


def begin_command(system, *arguments):
    """Begin ``./gym cells`` with these arguments, and return the process."""
    prefixed = {
        f"CELL_{CELL.upper()}_{name}": value for name, value in database_settings(system).items()
    }
    return subprocess.Popen(
        [sys.executable, "-m", "services.moving", *arguments],
        cwd=CHECKOUT,
        env=os.environ | system.environment | SETTINGS | prefixed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_command(system, *arguments):
    """Run ``./gym cells`` with these arguments, and return what it has printed."""
    process = begin_command(system, *arguments)
    try:
        printed, _ = process.communicate(timeout=MOVING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return printed
