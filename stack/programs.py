"""Programs under the supervisor, and the files they are started with.

Every program is a small shell script that can be read, and run by hand. The supervisor's own file
refers only to these scripts, by relative paths: it misreads paths with a space, a percent sign, a
semicolon or a hash.
"""

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack.layout import LOOPBACK
from stack.state import State, write_private

CONFIGURATION = "supervisord.conf"
SCRIPTS = "programs"
LOGS = "logs"
# supervisord waits a second longer before each retry, and would give up after the last one, which
# would leave a part dead after a long outage.
TRIES = 1_000_000
# stopped in reverse order: services first, epmd last
NODES_STAGE, SERVERS_STAGE, SERVICES_STAGE = 1, 2, 3


@dataclass(frozen=True)
class Program:
    """A process that the supervisor keeps running.

    Attributes:
        name: the part's name.
        command: the program and its arguments.
        directory: its working directory.
        environment: variables in addition to the inherited ones.
        prologue: shell commands to run before it.
        files: configuration files, by path below the system's directory.
        code: fingerprint of the files of this project that it runs from.
        stage: programs of a higher stage are stopped first.
        stop_signal: for a graceful shutdown.
        stop_seconds: timeout of the shutdown; then it is killed.
        settle_seconds: a process that ends sooner counts as a failed start.
        whole_group: whether signals go to its children, too.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    prologue: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    stage: int = SERVICES_STAGE
    stop_signal: str = "TERM"
    stop_seconds: int = 12
    settle_seconds: int = 2
    whole_group: bool = False

    @property
    def script(self) -> str:
        """The shell script that execs the process."""
        exports = [f"export {key}={shlex.quote(v)}" for key, v in self.environment.items()]
        lines = [
            "#!/bin/sh",
            f"# {self.name}, in the foreground; written anew at each start",
            *([f"# code {self.code}"] if self.code else []),
            *exports,
            f"cd {shlex.quote(str(self.directory))} || exit 1",
            *self.prologue,
            f"exec {shlex.join(self.command)}",
        ]
        return "\n".join(lines) + "\n"

    @property
    def section(self) -> str:
        """Its section of the supervisor's file."""
        together = "true" if self.whole_group else "false"
        return _section(
            f"program:{self.name}",
            command=f"/bin/sh {SCRIPTS}/{self.name}",
            priority=self.stage,
            autostart="false",
            autorestart="true",
            startsecs=self.settle_seconds,
            startretries=TRIES,
            stopsignal=self.stop_signal,
            stopwaitsecs=self.stop_seconds,
            stopasgroup=together,
            killasgroup="true",
            redirect_stderr="true",
            stdout_logfile=f"{LOGS}/{self.name}.log",
            stdout_logfile_maxbytes="5MB",
            stdout_logfile_backups=2,
        )


def write_files(state: State, programs: Iterable[Program]) -> None:
    """Write all files, those of the programs and the supervisor's."""
    programs = list(programs)
    (state.directory / LOGS).mkdir(parents=True, exist_ok=True)
    for program in programs:
        write_program(state, program)
    write_configuration(state, programs)


def write_program(state: State, program: Program) -> None:
    """Write the files of a program, which must not run: they record how it was started."""
    for path, (text, mode) in _files(program).items():
        write_private(state.directory / path, text, mode)


def write_configuration(state: State, programs: Iterable[Program]) -> None:
    """Write the supervisor's file."""
    write_private(state.directory / CONFIGURATION, render(state, programs))


def is_current(state: State, program: Program) -> bool:
    """Return whether a program's files are those that would be written now."""
    try:
        return all(
            (state.directory / path).read_text() == text
            for path, (text, _) in _files(program).items()
        )
    except FileNotFoundError:
        return False


def render(state: State, programs: Iterable[Program]) -> str:
    """Return the supervisor's file."""
    programs = list(programs)
    sections = [
        _section(
            "supervisord",
            logfile=f"{LOGS}/supervisord.log",
            logfile_maxbytes="2MB",
            logfile_backups=1,
            pidfile="supervisord.pid",
            umask="077",
            minprocs=1,
            nocleanup="true",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        ),
        _section(
            "inet_http_server",
            port=f"{LOOPBACK}:{state.ports['supervisor']}",
            username="gym",
            password=state.secrets["supervisor"],
        ),
        _section(
            "rpcinterface:supervisor",
            **{
                "supervisor.rpcinterface_factory": (
                    "supervisor.rpcinterface:make_main_rpcinterface"
                )
            },
        ),
        *(program.section for program in programs),
    ]
    return "\n".join(sections)


def _files(program: Program) -> dict[str, tuple[str, int]]:
    others = {path: (text, 0o600) for path, text in program.files.items()}
    return {f"{SCRIPTS}/{program.name}": (program.script, 0o700), **others}


def _section(title: str, **options: object) -> str:
    lines = [f"[{title}]", *(f"{key} = {value}" for key, value in options.items())]
    return "\n".join(lines) + "\n"
