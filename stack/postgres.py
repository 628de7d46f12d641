"""Private PostgreSQL instances: one for each database, as in the containers.

PostgreSQL refuses to run as root. Started by root it runs as another user, who may not be allowed
to traverse the path of the checkout (below ``/root``, say). So a shell that is still root opens the
data directory, and PostgreSQL gets it as ``/proc/self/fd/N``, which needs no traversal.
"""

import os
import pwd
import shlex
import shutil
import socket
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stack import processes
from stack.environment import database_password
from stack.failures import Failure
from stack.find import postgres_for
from stack.layout import DATABASES, DIRECTORY_VARIABLE, LOOPBACK
from stack.programs import SERVERS_STAGE, Program
from stack.state import State

USERS = ("postgres", "nobody")
DIRECTORY = "postgres"
DESCRIPTOR = 9
CHECK_SECONDS = 2.0
PROTOCOL = 196608
LOGIN_IS_ASKED_FOR = b"R"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    # in the data directory, as a killed server would leave it behind in /dev/shm
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # the details of an error and the statement that failed have values in them, such as e-mails
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Tests kill PostgreSQL, never the machine: commits need not reach the disk (fsync), but must have
# been written before they are acknowledged.
THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


def prepare(state: State, binaries: Path, names: list[str]) -> None:
    """Create the missing data directories.

    Args:
        state: directory and passwords.
        binaries: the directory of PostgreSQL's programs.
        names: of the instances.
    """
    root = state.directory / DIRECTORY
    missing = missing_ones(state, names)
    if not missing:
        return
    root.mkdir(parents=True, exist_ok=True)
    template = _fresh_directory(root / "template.new")
    _make_template(template, binaries)
    for name in missing:
        fresh = _nothing_at(root / f"{name}.new")
        subprocess.run(["cp", "-a", "--reflink=auto", template, fresh], check=True)
        password = database_password(state, name)
        statements = [
            f"ALTER USER postgres PASSWORD '{password}'",
            f"CREATE DATABASE {DATABASES[name].name}",
        ]
        _single_user(fresh, binaries, statements)
    if not state.throwaway:
        os.sync()
    for name in missing:
        (root / f"{name}.new").rename(root / name)
    if not state.throwaway:
        _sync_names(root)
    shutil.rmtree(template)


def missing_ones(state: State, names: list[str]) -> list[str]:
    """Return the instances without a data directory."""
    return [name for name in names if not (state.directory / DIRECTORY / name).exists()]


def program(state: State, binaries: Path, name: str) -> Program:
    """Describe one instance."""
    data = state.directory / DIRECTORY / name
    binaries = postgres_for(data, binaries)
    settings = SETTINGS | {"port": str(state.ports[name])}
    if state.throwaway:
        settings |= THROWAWAY_SETTINGS
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    prologue, command = _on_directory(data, [str(binaries / "postgres")])
    return Program(
        name=name,
        command=(*command, *options),
        directory=Path("/"),
        prologue=tuple(prologue),
        stage=SERVERS_STAGE,
        # SIGINT is PostgreSQL's fast shutdown: sessions are terminated, no commit is lost
        stop_signal="INT",
    )


def accepts(host: str, port: int) -> bool:
    """Return whether a PostgreSQL server accepts logins."""
    pairs = b"user\0postgres\0database\0postgres\0\0"
    greeting = struct.pack("!ii", 8 + len(pairs), PROTOCOL) + pairs
    try:
        with socket.create_connection((host, port), CHECK_SECONDS) as connection:
            connection.sendall(greeting)
            return connection.recv(1) == LOGIN_IS_ASKED_FOR
    except OSError:
        return False


def server_user() -> pwd.struct_passwd | None:
    """Return the user that PostgreSQL runs as if started by root, or None for the current user."""
    if os.geteuid() != 0:
        return None
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Failure(f"PostgreSQL does not run as root, and there is no user {' or '.join(USERS)}")


def as_server_user(command: Sequence[str]) -> list[str]:
    """Return a command that runs another one as the user that PostgreSQL runs as."""
    user = server_user()
    if user is None:
        return [*command]
    rights = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *rights, *command]


def _make_template(directory: Path, binaries: Path) -> None:
    initdb = [
        str(binaries / "initdb"),
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--auth=reject",
        "--no-sync",
        "--no-instructions",
        "--wal-segsize=4",
    ]
    _run(directory, initdb)
    (directory / "pg_hba.conf").write_text(f"host all all {LOOPBACK}/32 scram-sha-256\n")


def _sync_names(directory: Path) -> None:
    # without an fsync of the directory, a crash of the machine could undo the rename
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _single_user(directory: Path, binaries: Path, statements: list[str]) -> None:
    command = [str(binaries / "postgres"), "--single", "-c", "fsync=off"]
    _run(directory, command, arguments=["postgres"], text="\n".join(statements) + "\n")


def _nothing_at(path: Path) -> Path:
    # a gym that was killed here may have left a server running
    processes.end_all(path)
    if path.exists():
        shutil.rmtree(path)
    return path


def _fresh_directory(path: Path) -> Path:
    _nothing_at(path).mkdir(mode=0o700)
    if user := server_user():
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def _run(
    data: Path, command: list[str], arguments: list[str] | None = None, text: str = ""
) -> None:
    prologue, words = _on_directory(data, command)
    script = "\n".join(["cd / || exit 1", *prologue, shlex.join([*words, *(arguments or [])])])
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        input=text,
        capture_output=True,
        text=True,
        # initdb fails with a locale that is not installed, and would look for translated messages
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            DIRECTORY_VARIABLE: str(data),
        },
        check=False,
    )
    # single-user mode reports a failed statement and goes on
    problems = [line for line in done.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
    if done.returncode or problems:
        reason = problems[0] if problems else done.stderr.strip()
        raise Failure(f"can't make a PostgreSQL data directory: {reason}")


def _on_directory(data: Path, command: list[str]) -> tuple[list[str], list[str]]:
    if server_user() is None:
        return [], [*command, "-D", str(data)]
    prologue = [f"exec {DESCRIPTOR}<{shlex.quote(str(data))} || exit 1"]
    return prologue, as_server_user([*command, "-D", f"/proc/self/fd/{DESCRIPTOR}"])
