"""A program at a terminal, as a person has it in front of them."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

SECONDS = 60
# what moves the cursor or colours the text
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x07")


class Terminal:
    """Types, and reads what is shown."""

    def __init__(self, descriptor: int, process: subprocess.Popen):
        self._descriptor = descriptor
        self._unread = ""
        self.process = process
        self.shown = ""
        """All that was ever shown."""

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def read_until(self, text: str) -> str:
        """Wait until a text is shown, and return what was up to its end, since the last time."""
        until = time.monotonic() + SECONDS
        while text not in self._unread:
            if not select.select([self._descriptor], [], [], max(until - time.monotonic(), 0))[0]:
                raise AssertionError(f"no {text!r} within {SECONDS} s in: {self._unread}")
            self._unread += self._read()
        before, _, self._unread = self._unread.partition(text)
        return before + text

    def ask(self, line: str, prompt: str = ">>> ") -> str:
        """Type a line, and return what is shown until the next prompt."""
        self.type(f"{line}\n")
        # terminals show what is typed, and break it where it is too long for one line
        return self.read_until(prompt).replace("\r", "").partition("\n")[2].removesuffix(prompt)

    def _read(self) -> str:
        try:
            read = os.read(self._descriptor, 65536).decode(errors="replace")
        except OSError:
            raise AssertionError(f"the program has ended: {self.shown}") from None
        self.shown += read
        return _CONTROLS.sub("", read)


@contextmanager
def at_terminal(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program at a terminal of its own, and end it when the block does.

    Args:
        command: the program and its arguments.
        environment: variables in addition to those of this process.
    """
    ours, its = pty.openpty()
    process = subprocess.Popen(
        # The terminal that a session's first process opens is the one whose Ctrl-C reaches it,
        # unless that ignores it, as what a shell has started in the background does.
        [
            *("env", "--default-signal=INT"),
            *("sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', os.ttyname(its), *command),
        ],
        env=os.environ | {"TERM": "dumb", "COLUMNS": "200"} | dict(environment),
        start_new_session=True,
    )
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(its)
