"""Runs commands: beside this process with progress shown, or in its place."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from stack.failures import Failure
from stack.layout import CHECKOUT
from stack.progress import Step

TAIL_LINES = 15
POLL_SECONDS = 0.1
LINE_BYTES = 2000


def run(
    command: Sequence[str | Path],
    log: Path,
    step: Step,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    explain: Callable[[str], str | None] = lambda output: None,
) -> None:
    """Run a command to its end.

    Args:
        command: the program and its arguments.
        log: file that its output is appended to.
        step: is updated while it runs.
        environment: all its variables; by default this process's.
        directory: its working directory.
        explain: returns the reason of a failure from the output; None for its last lines.

    Raises:
        Failure: it ended with an error; the message has the reason, or its last lines.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        begin = output.tell()
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=directory,
        )
        try:
            _wait(child, log, begin, step)
        except BaseException:
            child.terminate()
            child.wait()
            raise
    if child.returncode:
        if reason := explain(_output(log, begin)):
            raise Failure(f"{reason}; all is in {log}")
        lines = "\n".join(f"  {line}" for line in last_lines(log, since=begin))
        raise Failure(f"{step.title} failed; the end of {log}:\n{lines}")


def become(module: str, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by a Python module, run in the checkout."""
    os.chdir(CHECKOUT)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def last_lines(log: Path, count: int = TAIL_LINES, since: int = 0) -> list[str]:
    """Return the last lines of a file that are not empty.

    Args:
        log: the file; need not exist.
        count: maximum number of lines.
        since: offset in the file to start at.
    """
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(since, size - LINE_BYTES * count))
            text = stream.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]


def _output(log: Path, since: int) -> str:
    with log.open("rb") as stream:
        stream.seek(since)
        return stream.read().decode(errors="replace")


def _wait(child: subprocess.Popen, log: Path, begin: int, step: Step) -> None:
    while True:
        try:
            child.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            step.tick("".join(last_lines(log, count=1, since=begin)).strip())
        else:
            return
