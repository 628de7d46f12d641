"""Measures this checkout and another side by side, as a table of ratios.

Both are measured at the same moments, so that a machine which is slow for a while is so for both.
Each ratio is taken within a round; the table has the medians, and the least and the greatest ratio.
As they share the machine, the requests a second are fewer than in a run alone.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import IO, cast

from benchmarks.load import Outcome
from benchmarks.quick import SECONDS
from benchmarks.scenarios import SCENARIOS
from benchmarks.usage import PARTS
from stack.failures import Failure
from stack.layout import CHECKOUT

ROUNDS = 5
PROGRAM = Path(__file__).with_name("on_request.py")
WIDTH = 27


class Subject:
    """A system of one checkout.

    Args:
        process: runs :mod:`benchmarks.on_request`.
    """

    def __init__(self, process: subprocess.Popen[str]):
        self._input = cast("IO[str]", process.stdin)
        self._output = cast("IO[str]", process.stdout)
        self.memory: dict[str, float] = {}

    def wait_until_ready(self) -> None:
        """Wait until its lifters have trained.

        Raises:
            Failure: it did not start.
        """
        self._receive()

    def begin(self, scenario: str, seconds: float) -> None:
        """Begin to measure a scenario."""
        print(json.dumps([scenario, seconds]), file=self._input, flush=True)

    def finish(self) -> "Measured":
        """Return what was measured.

        Raises:
            Failure: an answer was wrong.
        """
        said = self._receive()
        outcome = Outcome(**said["outcome"])
        if outcome.errors:
            raise Failure(outcome.first_error)
        self.memory = said["memory"]
        return Measured(outcome, said["cpu"])

    def _receive(self) -> dict:
        line = self._output.readline()
        if not line:
            raise Failure("a system ended early; what it said stands above")
        return json.loads(line)


class Measured:
    """One run of a scenario.

    Args:
        outcome: what the load generator saw.
        cpu: milliseconds a request, by part.
    """

    def __init__(self, outcome: Outcome, cpu: Mapping[str, float]):
        self.figures = {
            "req/s": outcome.answers / outcome.seconds,
            "p50 ms": outcome.p50,
            "p99 ms": outcome.p99,
            "CPU ms": sum(cpu.values()),
            **cpu,
        }


Rounds = list[tuple[Measured, Measured]]
"""What was measured of the other checkout, and of this one."""


@contextmanager
def system_of(checkout: Path) -> Iterator[Subject]:
    """Run a checkout's system, on its own Python, for the duration of the block."""
    with subprocess.Popen(
        [checkout / ".venv" / "bin" / "python", PROGRAM],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Subject(process)
        # the end of its input is what it stops at
        process.communicate()


def compare(other: Subject, this: Subject, names: list[str], rounds: int, seconds: float) -> None:
    """Measure scenarios one after the other, and print a table of each."""
    for name in names:
        done: Rounds = []
        for _ in range(rounds):
            other.begin(name, seconds)
            this.begin(name, seconds)
            done.append((other.finish(), this.finish()))
        print(as_table(name, done), flush=True)


def as_table(name: str, done: Rounds) -> str:
    """Return the table of a scenario."""
    heading = _row(SCENARIOS[name].words, ["other", "this", "ratio", "least", "most"])
    rows = [heading]
    for figure in ["req/s", "p50 ms", "p99 ms", "CPU ms", *PARTS]:
        pairs = [(before.figures[figure], now.figures[figure]) for before, now in done]
        ratios = [now / before for before, now in pairs if before]
        medians = [median(values) for values in zip(*pairs, strict=True)]
        shown = [f"{value:.3f}" for value in medians]
        if ratios:
            shown += [f"{value:.2f}" for value in (median(ratios), min(ratios), max(ratios))]
        rows.append(_row(f"  {figure}", shown))
    return "\n".join(rows)


def as_memory(other: Mapping[str, float], this: Mapping[str, float]) -> str:
    """Return the table of the memory, by process."""
    rows = [_row("memory, MiB (PSS)", ["other", "this"])]
    rows += [
        _row(f"  {name}", [f"{other.get(name, 0):.0f}", f"{mib:.0f}"]) for name, mib in this.items()
    ]
    total = [f"{sum(each.values()):.0f}" for each in (other, this)]
    return "\n".join([*rows, _row("  all", total)])


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.beside", description=__doc__)
    parser.add_argument("checkout", type=Path, help="of the other version, with its .venv")
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], default=[])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each scenario and round")
    return parser


def main() -> int:
    """Measure, print the tables, and return 1 if something failed."""
    options = make_parser().parse_args()
    names = options.scenarios or list(SCENARIOS)
    try:
        with system_of(options.checkout.resolve()) as other, system_of(CHECKOUT) as this:
            other.wait_until_ready()
            this.wait_until_ready()
            compare(other, this, names, options.rounds, options.seconds)
            print(as_memory(other.memory, this.memory))
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _row(words: str, cells: list[str]) -> str:
    return f"{words:<{WIDTH}}" + "".join(f"{cell:>11}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main())
