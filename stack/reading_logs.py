"""``gym logs``: the last lines of the parts' log files, and new ones."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from stack.running import last_lines

POLL_SECONDS = 0.3


def show(logs: dict[str, Path], count: int) -> None:
    """Print the last lines of each log.

    Args:
        logs: the files by the part's name.
        count: how many lines of each.
    """
    for name, path in logs.items():
        _print(name, last_lines(path, count), _width(logs))


def follow(logs: dict[str, Path]) -> None:
    """Print new lines of the logs, until interrupted."""
    followed = {name: _Followed(path) for name, path in logs.items()}
    while True:
        for name, log in followed.items():
            _print(name, log.new_lines(), _width(logs))
        time.sleep(POLL_SECONDS)


class _Followed:
    """A growing log file, which the supervisor rotates."""

    def __init__(self, path: Path):
        self.path = path
        self.rest = b""
        self.stream: BinaryIO | None = None
        self._open(at_end=True)

    def new_lines(self) -> list[str]:
        text = self.stream.read() if self.stream else b""
        if not text and self._was_replaced():
            self._open(at_end=False)
        *lines, self.rest = (self.rest + text).split(b"\n")
        return [line.decode(errors="replace").rstrip() for line in lines]

    def _open(self, at_end: bool) -> None:
        if self.stream:
            self.stream.close()
        try:
            self.stream = self.path.open("rb")
        except FileNotFoundError:
            self.stream = None
            return
        self.inode = self.path.stat().st_ino
        if at_end:
            self.stream.seek(0, 2)

    def _was_replaced(self) -> bool:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return (
            self.stream is None or found.st_ino != self.inode or found.st_size < self.stream.tell()
        )


def _width(names: Iterable[str]) -> int:
    return max(len(name) for name in names)


def _print(name: str, lines: Iterable[str], width: int) -> None:
    for line in lines:
        print(f"{name:<{width}} | {line}", flush=True)
