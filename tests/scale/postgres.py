"""PostgreSQL servers that the tests start themselves: asked, found by services, and killed."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import psycopg2

from stack.layout import DATABASES, LOOPBACK
from tests.waiting import eventually

POSITION = "SELECT position FROM feed_position"
NEWEST = "SELECT max(id) FROM workout_changes"


def settings_of(ports):
    """Return the variables by which services find all databases on servers at these ports."""
    values = {
        "HOST": ",".join([LOOPBACK] * len(ports)),
        "PORT": ",".join(map(str, ports)),
        "USER": "postgres",
        "PASSWORD": "not asked for",
    }
    return {
        f"{database.prefix}_DB_{field}": value
        for database in DATABASES.values()
        for field, value in (values | {"NAME": database.name}).items()
    }


def ask(port, *statements, database="postgres", password=None):
    """Run statements, each a transaction of its own, and return the last one's rows."""
    connection = psycopg2.connect(
        host=LOOPBACK,
        port=port,
        user="postgres",
        password=password,
        dbname=database,
        connect_timeout=2,
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def kill(data):
    """Kill the server of a data directory, if it runs, with all its processes."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    postmaster = int(pid_file.read_text().split()[0])
    try:
        pids = [postmaster, *children_of(postmaster)]
    except FileNotFoundError:
        return
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: all(map(is_gone, pids)))


def children_of(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid):
    """Tell whether a process has ended, even if nobody has asked yet how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
