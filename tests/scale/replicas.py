"""A PostgreSQL with a synchronous standby, on loopback, as engines of high availability run it."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2

from stack.find import find_postgres
from stack.layout import DATABASES, LOOPBACK
from stack.ports import choose_anywhere
from stack.postgres import server_user
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
            self._kill(name)
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def settings(self):
        """The variables by which services find all databases here."""
        values = {
            "HOST": f"{LOOPBACK},{LOOPBACK}",
            "PORT": ",".join(map(str, self.ports)),
            "USER": "postgres",
            "PASSWORD": "not asked for",
        }
        return {
            f"{database.prefix}_DB_{field}": value
            for database in DATABASES.values()
            for field, value in (values | {"NAME": database.name}).items()
        }

    def ask(self, number, *statements, database="postgres"):
        """Run statements on the primary (0) or the standby (1), and return the last one's rows."""
        connection = psycopg2.connect(
            host=LOOPBACK, port=self.ports[number], user="postgres", dbname=database
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def lose_primary(self):
        """Kill the primary with all its processes, and delete its disk."""
        self._kill("primary")
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

    def _kill(self, name):
        pid_file = self.root / name / "postmaster.pid"
        if not pid_file.exists():
            return
        postmaster = int(pid_file.read_text().split()[0])
        for pid in [postmaster, *children_of(postmaster)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        eventually(lambda: not Path(f"/proc/{postmaster}").exists() or is_zombie(postmaster))

    def _run(self, program, *arguments):
        command = [str(self.programs / program), *arguments]
        if user := server_user():
            rights = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            command = ["setpriv", *rights, *command]
        subprocess.run(
            command,
            cwd=self.root,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            timeout=SECONDS * 2,
        )


def children_of(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
