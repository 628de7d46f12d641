"""A PostgreSQL with standbys, on loopback, as engines of high availability run them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from stack.environment import REPLICAS, WITH_REPLICAS
from stack.find import find_postgres
from stack.layout import DATABASES, LOOPBACK
from stack.ports import choose_anywhere
from stack.postgres import as_server_user, server_user
from tests.scale.postgres import ask, kill, settings_of
from tests.waiting import eventually

PRIMARY = "primary"
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
    """A primary and a standby which has each commit before it is acknowledged.

    Args:
        synchronous: False if commits wait for no standby.
        standbys: how many there are, if not one.
    """

    def __init__(self, synchronous=True, standbys=1):
        self.root = Path(tempfile.mkdtemp(prefix="gym-replicas-"))
        # PostgreSQL's user must reach it
        self.root.chmod(0o755)
        self.programs = find_postgres()
        self.synchronous = synchronous
        self.names = [PRIMARY, STANDBY, *(f"{STANDBY}{each}" for each in range(2, standbys + 1))]
        self.ports = list(choose_anywhere(self.names).values())

    def __enter__(self):
        user = server_user()
        if user:
            os.chown(self.root, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", self._at(PRIMARY), "-U", "postgres", "-A", "trust", "--no-sync")
        with (self.root / PRIMARY / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}port = {self.ports[0]}\n")
        self.start(0)
        self.ask(0, *(f"CREATE DATABASE {database.name}" for database in DATABASES.values()))
        for number in range(1, len(self.names)):
            self._add_standby(number)
        if self.synchronous:
            self.ask(
                0,
                f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'",
                "SELECT pg_reload_conf()",
            )
        eventually(self._is_followed, SECONDS)
        return self

    def __exit__(self, *problem):
        for number in range(len(self.names)):
            self.kill(number)
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def settings(self):
        """The variables by which services find all databases here."""
        return settings_of(self.ports)

    @property
    def settings_to_read(self):
        """The variables by which services write to the primary, and read from the standbys, too."""
        places = ",".join(f"{LOOPBACK}:{port}" for port in self.ports[1:])
        names = [f"{DATABASES[name].prefix}_DB_{REPLICAS}" for name in WITH_REPLICAS]
        return settings_of(self.ports[:1]) | dict.fromkeys(names, places)

    def ask(self, number, *statements, database="postgres"):
        """Run statements on the primary (0) or a standby, and return the last one's rows."""
        return ask(self.ports[number], *statements, database=database)

    def start(self, number):
        """Start the primary (0) or a standby."""
        log = self._at(f"{self.names[number]}.log")
        self._run("pg_ctl", "-D", self._at(self.names[number]), "-l", log, "-w", "start")

    def kill(self, number):
        """Kill the primary (0) or a standby with all its processes."""
        data = self.root / self.names[number]
        kill(data)
        # a process that nobody has asked how it ended would still count as running
        (data / "postmaster.pid").unlink(missing_ok=True)

    def postmaster(self, number):
        """Return the process id of the primary (0) or a standby."""
        return int((self.root / self.names[number] / "postmaster.pid").read_text().split()[0])

    def lose_primary(self):
        """Kill the primary with all its processes, and delete its disk."""
        self.kill(0)
        shutil.rmtree(self.root / PRIMARY)

    def promote(self, number=1):
        """Have a standby take over, as an engine does when the primary is gone."""
        assert self.ask(number, "SELECT pg_promote(true, 30)") == [(True,)]

    def _add_standby(self, number):
        name = self.names[number]
        source = f"host={LOOPBACK} port={self.ports[0]} user=postgres application_name={name}"
        self._run("pg_basebackup", "-D", self._at(name), "-d", source, "-R", "-c", "fast")
        with (self.root / name / "postgresql.conf").open("a") as file:
            file.write(f"port = {self.ports[number]}\n")
        self.start(number)

    def _is_followed(self):
        states = self.ask(0, "SELECT state, sync_state FROM pg_stat_replication")
        state = ("streaming", "sync" if self.synchronous else "async")
        return states == [state] * (len(self.names) - 1)

    def _at(self, name):
        return str(self.root / name)

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
