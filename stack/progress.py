"""Progress of long steps.

On a terminal one line is rewritten in place. Otherwise plain lines are printed, at most one every
few seconds, so that a log stays readable.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

REWRITE_SECONDS = 0.2
PLAIN_SECONDS = 2.5
WIDTH = 78
BAR_SECONDS = 5.0
"""Between plain lines of a bar."""

BAR_WIDTH = 28


class Step:
    """A step in progress. :meth:`tick` must be called repeatedly."""

    def __init__(self, title: str, stream: TextIO | None):
        self.title = title
        # Any: None shows nothing, and then nothing is written
        self.stream: TextIO | Any = stream
        self.started = time.monotonic()
        self.shown = 0.0
        self.rewrites = stream is not None and stream.isatty()

    @property
    def seconds(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started

    def tick(self, detail: str = "") -> None:
        """Update the line.

        Args:
            detail: of the current work.
        """
        pause = REWRITE_SECONDS if self.rewrites else PLAIN_SECONDS
        if self.stream is None or time.monotonic() - self.shown < pause:
            return
        self.shown = time.monotonic()
        text = f"{self.title} ... {self.seconds:.0f} s"
        if detail:
            text += f"  {detail}"
        # a longer line would wrap, and only its last part would be rewritten
        self._write(text[:WIDTH] if self.rewrites else text, last=False)

    def finish(self, outcome: str) -> None:
        """Show the outcome."""
        if self.stream is not None:
            self._write(f"{self.title}: {outcome} ({self.seconds:.1f} s)", last=True)

    def _write(self, text: str, last: bool) -> None:
        if self.rewrites:
            self.stream.write(f"\r\033[K{text}" + ("\n" if last else ""))
        else:
            self.stream.write(text + "\n")
        self.stream.flush()


class Meter:
    """Shows how much of a whole is done: one line rewritten in place, or a plain one now and then.

    Args:
        stream: the output.
        clock: seconds that never go back.
        title: what stands before the bar.
    """

    def __init__(
        self, stream: TextIO, clock: Callable[[], float] = time.monotonic, title: str = ""
    ):
        self.stream = stream
        self.clock = clock
        self.title = title
        self.rewrites = stream.isatty()
        self._shown: float | None = None
        self._first: tuple[float, int] | None = None

    def show(self, done: int, total: int | None, instead: str = "") -> None:
        """Show a bar, or a text instead; rate-limited."""
        now = self.clock()
        if self._first is None:
            self._first = now, done
        pause = REWRITE_SECONDS if self.rewrites else BAR_SECONDS
        if self._shown is None or now - self._shown >= pause:
            self._shown = now
            self._write(instead or self._bar(now, done, total or 0), "")

    def end(self, outcome: str) -> None:
        """Show the outcome as the last line."""
        self._write(outcome, "\n" if self.rewrites else "")

    @contextmanager
    def ended(self) -> Iterator[None]:
        """End the line also if the block fails, so that what is said of that stands below it."""
        try:
            yield
        except BaseException:
            self.end(f"{self.title}: broken off")
            raise

    def _bar(self, now: float, done: int, total: int) -> str:
        done = min(done, total)
        filled = BAR_WIDTH * done // total if total else 0
        title = f"{self.title} " if self.title else ""
        bar = f"{title}[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {done}/{total}"
        return f"{bar}{self._pace(now, done, total)}"

    def _pace(self, now: float, done: int, total: int) -> str:
        # what was done before the first look doesn't count for the pace
        began, before = self._first or (now, done)
        if done <= before or now <= began:
            return ""
        rate = (done - before) / (now - began)
        return f"  {rate:.0f}/s, {(total - done) / rate:.0f} s left"

    def _write(self, line: str, end: str) -> None:
        self.stream.write(f"\r\033[K{line}{end}" if self.rewrites else f"{line}\n")
        self.stream.flush()


class Progress:
    """Shows steps.

    Args:
        stream: the output, or None to show nothing.
    """

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step for the duration of the block."""
        step = Step(title, self.stream)
        step.tick()
        try:
            yield step
        except BaseException:
            step.finish("failed")
            raise
        step.finish("done")


def for_people() -> Progress:
    """Return a progress on standard error."""
    return Progress(sys.stderr)
