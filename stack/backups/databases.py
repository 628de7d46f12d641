"""The databases of a system as PostgreSQL's programs are told of them, and these programs."""

import glob
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from stack.environment import DATABASE_FIELDS
from stack.failures import Failure
from stack.find import PLACES
from stack.layout import CHECKOUT, DATABASE_OF, DATABASES
from stack.progress import Step
from stack.supervision import clean_environment

CONNECT_SECONDS = 5
PROGRAMS = ("pg_dump", "pg_restore")
VARIABLES = dict(
    zip(DATABASE_FIELDS, ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"), strict=True)
)
TICK_SECONDS = 0.1
LAST_LINES = 3


def variables(service: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which PostgreSQL's programs find the database of a service."""
    database = DATABASES[DATABASE_OF[service]]
    defaults = ("localhost", str(database.port), "postgres", "postgres", database.name)
    found = {
        variable: environment.get(f"{database.prefix}_DB_{field}") or default
        for (field, variable), default in zip(VARIABLES.items(), defaults, strict=True)
    }
    # of several hosts the one that takes writes
    several = "," in found["PGHOST"]
    return found | {"PGTARGETSESSIONATTRS": "read-write" if several else "any"}


def connect(service: str, environment: Mapping[str, str]) -> Any:
    """Connect to the database of a service; each statement is a transaction of its own.

    Raises:
        Failure: it does not answer, or refuses the login.
    """
    found = variables(service, environment)
    try:
        connection = psycopg2.connect(
            host=found["PGHOST"],
            port=found["PGPORT"],
            user=found["PGUSER"],
            password=found["PGPASSWORD"],
            dbname=found["PGDATABASE"],
            connect_timeout=CONNECT_SECONDS,
            target_session_attrs=found["PGTARGETSESSIONATTRS"],
        )
    except psycopg2.Error as problem:
        raise Failure(f"{found['PGDATABASE']}: {first_line(problem)}") from None
    connection.autocommit = True
    return connection


def ask(connection: Any, question: str) -> list[tuple]:
    """Return the rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchall() if cursor.description else []


def first_line(problem: Exception) -> str:
    """Return what a database's error says."""
    return str(problem).strip().split("\n")[0]


def server_version(service: str, environment: Mapping[str, str]) -> int:
    """Return the major version of the server of a service's database."""
    with closing(connect(service, environment)) as connection:
        return int(connection.server_version) // 10_000


def program(name: str, server: int) -> Path:
    """Return the path of ``pg_dump`` or ``pg_restore`` that fits a server best.

    Those of a newer version read an older server, but may write what it does not understand. So the
    oldest that is not older than the server is taken.

    Args:
        name: of the program.
        server: the major version of the server.

    Raises:
        Failure: there is none, or all are older.
    """
    found = {Path(path) for path in glob.glob(f"/usr/lib/postgresql/*/bin/{name}")}
    if on_path := shutil.which(name, path=PLACES):
        found.add(Path(on_path))
    versions = {path: version_of(path) for path in found}
    fitting = [path for path, version in versions.items() if version >= server]
    if not fitting:
        raise Failure(
            f"{name} of PostgreSQL {server} or newer is needed; install it "
            f"(apt-get install postgresql-client-{server})"
        )
    return min(fitting, key=lambda path: (versions[path], str(path)))


def version_of(path: Path) -> int:
    """Return the major version of one of PostgreSQL's programs, 0 if it can't be run."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"(\d+)[.\d]*", done.stdout)
    return int(found[1]) if found else 0


def run(
    command: Sequence[str | Path], more: Mapping[str, str], step: Step, failing: str = ""
) -> None:
    """Run a program to its end, without anything secret among its arguments.

    Args:
        command: the program and its arguments.
        more: variables besides those of this process.
        step: is updated while it runs.
        failing: what could not be done if it fails; begins the message.

    Raises:
        Failure: it failed; the message has its last lines.
    """
    inherited = clean_environment(tuple(VARIABLES.values()))
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            env={**inherited, "LC_ALL": "C.UTF-8", **more},
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while True:
                try:
                    child.wait(TICK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    step.tick()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        if child.returncode:
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
            said = "; ".join(line.strip() for line in lines[-LAST_LINES:])
            raise Failure(f"{failing}: {said}" if failing else said)
