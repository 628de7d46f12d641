"""``gym bench``: a quick run over all scenarios, in a system of its own, as a table.

Everything is as in earnest (bcrypt's cost, PostgreSQL's syncing, confirmed events), but that no
traces are kept, and that there are no limits, because all load comes from one address.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.crowd import Crowd, gather
from benchmarks.load import Outcome
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.usage import PARTS, Usage
from stack.failures import Failure
from stack.layout import CHECKOUT
from stack.progress import Progress, for_people
from stack.testing import SETTINGS, running_system

SECONDS = 2.0
SETTLED_SECONDS = 30
IN_EARNEST = SETTINGS | {
    "GYM_ENV": "production",
    "BCRYPT_COST": "10",
    "TRACE_DIRECTORY": "off",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
}
WORDS_WIDTH = 27
NOTE = """\
CPU is the processor time of a request in milliseconds, that after the answer included. It is left
out where it would count the looking, too. The load generator is a process of its own and takes up
to one of this machine's {cores} cores: where there are more, there are more requests a second."""


@dataclass
class Line:
    """What was measured of one scenario.

    Attributes:
        scenario: which.
        outcome: what the load generator saw.
        cpu: milliseconds a request, by part.
    """

    scenario: Scenario
    outcome: Outcome
    cpu: dict[str, float]


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="gym bench",
        description="Measures a system of its own, which is gone at the end: about a minute.",
    )
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help=f"all if none is named: {', '.join(SCENARIOS)}",
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each scenario")
    return parser


def main(arguments: list[str]) -> int:
    """Measure, print the table, and return 1 if an answer was wrong."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.scenarios) - SCENARIOS.keys():
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    chosen = options.scenarios or list(SCENARIOS)
    progress = for_people()
    try:
        with running_system(settings=IN_EARNEST, throwaway=False) as system:
            usage = Usage(system)
            with progress.step("Registering lifters, and logging their workouts"):
                crowd = gather(system.url)
            lines = measure_all(crowd, usage, chosen, options.seconds, progress)
            memory = usage.memory_mib()
    except Failure as failure:
        print(f"gym: {failure}", file=sys.stderr)
        return 1
    print(as_table(lines))
    print(f"\n{as_memory(memory)}\n{NOTE.format(cores=os.cpu_count())}")
    return report_errors(lines)


def measure_all(
    crowd: Crowd, usage: Usage, names: Iterable[str], seconds: float, progress: Progress
) -> list[Line]:
    """Measure scenarios one after the other."""
    lines = []
    with progress.step("Measuring") as step:
        for name in names:
            step.tick(name)
            lines.append(measure(SCENARIOS[name], crowd, usage, seconds))
    return lines


def measure(scenario: Scenario, crowd: Crowd, usage: Usage, seconds: float) -> Line:
    """Measure one scenario."""
    requests = scenario.requests(crowd)
    usage.settle()
    before = usage.cpu_seconds()
    outcome = send(scenario, requests, crowd.url, seconds)
    usage.settle()
    after = usage.cpu_seconds()
    requests_done = max(outcome.answers, 1)
    cpu = {part: (after[part] - before[part]) * 1000 / requests_done for part in after}
    return Line(scenario, outcome, cpu)


def send(scenario: Scenario, requests: list[dict], url: str, seconds: float) -> Outcome:
    """Have requests sent by another process."""
    parts = urlsplit(url)
    plan = {
        "host": parts.hostname,
        "port": parts.port,
        "connections": scenario.connections,
        "seconds": seconds,
        "only_waits": scenario.only_waits,
        "requests": requests,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        timeout=seconds + SETTLED_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Failure(f"the load generator failed:\n{done.stderr}")
    return Outcome(**json.loads(done.stdout))


def as_table(lines: Iterable[Line]) -> str:
    """Return the table."""
    head = ["conn.", "req/s", "p50 ms", "p99 ms", "CPU ms", *PARTS, "errors"]
    rows = [_row("scenario", head)]
    rows += [_row(line.scenario.words, _cells(line)) for line in lines]
    return "\n".join(rows)


def as_memory(memory: Mapping[str, float]) -> str:
    """Return the line about memory."""
    each = ", ".join(f"{name} {mib:.0f}" for name, mib in memory.items())
    return f"Memory (PSS) of our own processes: {sum(memory.values()):.0f} MiB ({each})."


def report_errors(lines: Iterable[Line]) -> int:
    """Print the first error of each scenario, and return 1 if there is one."""
    failed = [line for line in lines if line.outcome.errors]
    for line in failed:
        print(f"\n{line.scenario.words}: {line.outcome.first_error}", file=sys.stderr)
    return 1 if failed else 0


def _cells(line: Line) -> list[str]:
    outcome = line.outcome
    times = [f"{outcome.p50:.1f}", f"{outcome.p99:.1f}"]
    if line.scenario.only_waits:
        rate, cpu = "", [""] * (1 + len(PARTS))
    else:
        rate = f"{outcome.answers / outcome.seconds:.0f}"
        cpu = [_figure(sum(line.cpu.values())), *map(_figure, line.cpu.values())]
    return [str(line.scenario.connections), rate, *times, *cpu, str(outcome.errors)]


def _figure(milliseconds: float) -> str:
    return f"{milliseconds:.3f}" if milliseconds < 1 else f"{milliseconds:.2f}"


def _row(words: str, cells: Iterable[str]) -> str:
    return f"{words:<{WORDS_WIDTH}}" + "".join(f"{cell:>11}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
