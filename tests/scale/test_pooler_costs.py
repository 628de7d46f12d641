"""What a logged workout and a read cost by a PgBouncer, beside the same without one, in turns."""

from statistics import median

import pytest

from benchmarks.crowd import gather
from benchmarks.quick import IN_EARNEST, measure
from benchmarks.scenarios import SCENARIOS
from benchmarks.usage import POSTGRESQL, Usage
from stack.processes import PROC
from stack.testing import running_system
from tests.scale.conftest import directory
from tests.scale.costs import compared
from tests.scale.pgbouncer import pooled_system, shown

pytestmark = pytest.mark.timeout(900)

ROUNDS = 7
ROUND_SECONDS = 2.0
CONNECTIONS = 40
MOST = 1.5
"""Times the processor time without a pooler; 1.1 to 1.3 were measured."""


class Side:
    """One of the two systems."""

    def __init__(self, system, pooler=None):
        self.system = system
        self.pooler = pooler
        self.usage = Usage(system)
        self.crowd = gather(system.url)

    def measure(self, name):
        """Return milliseconds of a request: of all processors, of PostgreSQL's, and of a clock."""
        before = self._pooler_seconds()
        measured = measure(SCENARIOS[name], self.crowd, self.usage, ROUND_SECONDS)
        outcome = measured.outcome
        assert not outcome.errors, outcome.first_error
        pooler = (self._pooler_seconds() - before) * 1000 / outcome.answers
        return {
            "processors": sum(measured.cpu.values()) + pooler,
            "of it PostgreSQL": measured.cpu[POSTGRESQL],
            "of it PgBouncer": pooler,
            "median time": outcome.p50,
        }

    def _pooler_seconds(self):
        if not self.pooler:
            return 0.0
        nanoseconds = (PROC / str(self.pooler.pid) / "schedstat").read_text().split()[0]
        return int(nanoseconds) / 1e9


@pytest.fixture(scope="module")
def sides():
    with (
        running_system(
            settings=IN_EARNEST, directory=directory("unpooled"), throwaway=False
        ) as own,
        pooled_system("shared", CONNECTIONS, IN_EARNEST, throwaway=False) as (system, pooler),
    ):
        sides = [Side(own), Side(system, pooler)]
        for side in sides:
            # no read is to be answered from what was kept
            side.system.stop("redis")
        yield sides


@pytest.mark.parametrize("name", ["log", "workout", "workouts"])
def test_what_a_pooler_costs(sides, name, capsys):
    rounds = [[side.measure(name) for side in sides] for _ in range(ROUNDS)]
    title = f"{SCENARIOS[name].words}, milliseconds without and with {_version(sides)}"
    with capsys.disabled():
        print("\n" + compared(title, rounds, digits=2))
    ratios = [through["processors"] / without["processors"] for without, through in rounds]
    assert median(ratios) < MOST


def _version(sides):
    return shown(sides[1].pooler.version)
