"""A PgBouncer in transaction mode, in front of the databases of a system."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from stack.environment import POOLER
from stack.layout import DATABASES, DIRECTORY_VARIABLE, LOOPBACK
from stack.ports import choose_anywhere, is_free
from stack.postgres import as_server_user, server_user
from stack.testing import running_system
from tests.scale.conftest import directory
from tests.waiting import eventually

SECONDS = 10
OLDEST = (1, 18)
"""The oldest version that was tried."""

PLACES = (*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/sbin")


def find():
    """Return the newest PgBouncer of this machine and its version; skip the test without one."""
    programs = {shutil.which("pgbouncer", path=place) for place in PLACES} - {None}
    if not programs:
        pytest.skip("PgBouncer is not installed (apt-get install pgbouncer)")
    newest = max(programs, key=version)
    if version(newest) < OLDEST:
        pytest.skip(f"{shown(version(newest))} is too old: {shown(OLDEST)} or newer is needed")
    return newest, version(newest)


def version(program):
    """Return the version of a PgBouncer as numbers."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return tuple(map(int, re.search(r"PgBouncer ([\d.]+)", said.stdout)[1].split(".")))


def shown(numbers):
    return f"PgBouncer {'.'.join(map(str, numbers))}"


@contextmanager
def pooled_system(name, connections, settings, **options):
    """Run a system all of whose services use a PgBouncer; give both.

    Args:
        name: of the system's directory.
        connections: as of :class:`PgBouncer`.
        settings: variables of the services.
        options: further ones of ``running_system``.
    """
    pooler = PgBouncer(connections)
    settings = {**settings, **pooler.settings}
    try:
        with running_system((), settings, directory(name), **options) as system:
            pooler.configure(system)
            pooler.start()
            system.start_services()
            yield system, pooler
    finally:
        pooler.remove()


class PgBouncer:
    """A PgBouncer, which can be killed and started again.

    Args:
        connections: how many connections of the server all clients of a database share.
    """

    def __init__(self, connections):
        self._program, self.version = find()
        self._connections = connections
        self._directory = Path(tempfile.mkdtemp(prefix="gym-pgbouncer-"))
        self._process = self._system = None
        self.port = choose_anywhere(["pgbouncer"])["pgbouncer"]

    @property
    def settings(self):
        """The variables by which all services use it."""
        place = f"{LOOPBACK}:{self.port}"
        return {f"{database.prefix}_DB_{POOLER}": place for database in DATABASES.values()}

    @property
    def pid(self):
        return self._process.pid

    def configure(self, system):
        """Tell it where the databases of a system are."""
        self._system = system
        lines = [
            "[databases]",
            *(self._line(database, system.environment) for database in DATABASES.values()),
            "[pgbouncer]",
            f"listen_addr = {LOOPBACK}",
            f"listen_port = {self.port}",
            "unix_socket_dir =",
            "auth_type = any",
            "admin_users = postgres",
            "pool_mode = transaction",
            "max_client_conn = 1000",
            f"default_pool_size = {self._connections}",
            f"max_db_connections = {self._connections}",
            "server_login_retry = 1",
        ]
        (self._directory / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        if user := server_user():
            for path in (self._directory, *self._directory.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)

    def start(self):
        command = as_server_user([self._program, str(self._directory / "pgbouncer.ini")])
        # by this it is found, and ended, if the tests are killed
        environment = {DIRECTORY_VARIABLE: str(self._system.directory), "PATH": os.environ["PATH"]}
        with (self._directory / "log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        eventually(lambda: not is_free(self.port), SECONDS)

    def kill(self):
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            eventually(lambda: is_free(self.port), SECONDS)

    def remove(self):
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def ask(self, question):
        """Return what its console says, as a dictionary a row."""
        connection = psycopg2.connect(
            host=LOOPBACK, port=self.port, user="postgres", dbname="pgbouncer"
        )
        connection.autocommit = True
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(question)
            names = [column.name for column in cursor.description or ()]
            rows = cursor.fetchall() if names else []
            return [dict(zip(names, row, strict=True)) for row in rows]

    def _line(self, database, environment):
        host, port, user, password = (
            environment[f"{database.prefix}_DB_{field}"]
            for field in ("HOST", "PORT", "USER", "PASSWORD")
        )
        where = f"host={host} port={port} user={user} password={password}"
        return f"{database.name} = {where} dbname={database.name}"
