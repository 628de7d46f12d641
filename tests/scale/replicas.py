"""A PostgreSQL with a synchronous standby, on loopback, as engines of high availability run it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from stack.find import find_postgres
from stack.layout import DATABASES, LOOPBACK
from stack.ports import choose_anywhere
from stack.postgres import as_server_user, server_user
from tests.scale.postgres import ask, kill, settings_of
from tests.waiting import eventually

STANDBY = "standby"
SECONDS = 30
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
dynamic_shared_memory_type = mmap
# nothing here outlives the machine
fsync = off
timezone = 'UTC'
"""


class Pair:
    """A primary and a standby which has each commit before it is acknowledged."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="gym-replicas-"))
        # PostgreSQL's user must reach it
        self.root.chmod(0o755)
        self.programs = find_postgres()
        self.ports = list(choose_anywhere(["primary", STANDBY]).values())

    def __enter__(self):
        user = server_user()
        if user:
            os.chown(self.root, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", self._at("primary"), "-U", "postgres", "-A", "trust", "--no-sync")
        with (self.root / "primary" / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}port = {self.ports[0]}\n")
        self._start("primary")
        self.ask(0, *(f"CREATE DATABASE {database.name}" for database in DATABASES.values()))
        source = f"host={LOOPBACK} port={self.ports[0]} user=postgres application_name={STANDBY}"
        self._run("pg_basebackup", "-D", self._at(STANDBY), "-d", source, "-R", "-c", "fast")
        with (self.root / STANDBY / "postgresql.conf").open("a") as file:
            file.write(f"port = {self.ports[1]}\n")
        self._start(STANDBY)
        self.ask(
            0,
            f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'",
            "SELECT pg_reload_conf()",
        )
        eventually(self._is_synchronous, SECONDS)
        return self

    def __exit__(self, *problem):
        for name in ("primary", STANDBY):
            kill(self.root / name)
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def settings(self):
        """The variables by which services find all databases here."""
        return settings_of(self.ports)

    def ask(self, number, *statements, database="postgres"):
        """Run statements on the primary (0) or the standby (1), and return the last one's rows."""
        return ask(self.ports[number], *statements, database=database)

    def lose_primary(self):
        """Kill the primary with all its processes, and delete its disk."""
        kill(self.root / "primary")
        shutil.rmtree(self.root / "primary")

    def promote(self):
        """Have the standby take over, as an engine does when the primary is gone."""
        assert self.ask(1, "SELECT pg_promote(true, 30)") == [(True,)]

    def _is_synchronous(self):
        return self.ask(0, "SELECT sync_state FROM pg_stat_replication") == [("sync",)]

    def _at(self, name):
        return str(self.root / name)

    def _start(self, name):
        log = self._at(f"{name}.log")
        self._run("pg_ctl", "-D", self._at(name), "-l", log, "-w", "start")

    def _run(self, program, *arguments):
        subprocess.run(
            as_server_user([str(self.programs / program), *arguments]),
            cwd=self.root,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            timeout=SECONDS * 2,
        )
