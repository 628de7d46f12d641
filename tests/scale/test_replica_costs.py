"""What reads cost the primary with a replica, beside the same without one, in turns."""

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
from tests.scale.postgres import children_of
from tests.scale.replicas import Pair
from tests.scale.test_reading_replicas import answered

pytestmark = pytest.mark.timeout(900)

ROUNDS = 5
ROUND_SECONDS = 2.0
MOST = 0.7
"""Times the primary's processor time of the same read without a replica."""


class Side:
    """One of the two systems, each on a primary and a replica of its own.

    Args:
        pair: the servers.
        system: its services, which read from the replica or not.
    """

    def __init__(self, pair, system):
        self.pair = pair
        self.system = system
        self.usage = Usage(system)
        self.crowd = gather(system.url)

    def measure(self, name):
        """Return milliseconds of a request, and the share of reads that the replica answered."""
        before = [self._seconds(number) for number in (0, 1)]
        reads = [answered(self.system, place) for place in ("replica", "primary")]
        measured = measure(SCENARIOS[name], self.crowd, self.usage, ROUND_SECONDS)
        outcome = measured.outcome
        assert not outcome.errors, outcome.first_error
        primary, replica = (
            (self._seconds(number) - before[number]) * 1000 / outcome.answers for number in (0, 1)
        )
        by_replica, by_primary = (
            answered(self.system, place) - known
            for place, known in zip(("replica", "primary"), reads, strict=True)
        )
        others = sum(used for part, used in measured.cpu.items() if part != POSTGRESQL)
        return {
            "processors": others + primary + replica,
            "of it the primary": primary,
            "of it the replica": replica,
            "median time": outcome.p50,
            "share of the replica": by_replica / ((by_replica + by_primary) or 1),
        }

    def _seconds(self, number):
        postmaster = self.pair.postmaster(number)
        return sum(map(busy_seconds, [postmaster, *children_of(postmaster)]))


def busy_seconds(pid):
    try:
        return int((PROC / str(pid) / "schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0


@pytest.fixture(scope="module")
def sides():
    with (
        Pair(synchronous=False) as one,
        Pair(synchronous=False) as other,
        running_system(
            settings=IN_EARNEST | without_replicas(one), directory=directory("unreplicated")
        ) as plain,
        running_system(
            settings=IN_EARNEST | other.settings_to_read, directory=directory("replicated")
        ) as reading,
    ):
        sides = [Side(one, plain), Side(other, reading)]
        for side in sides:
            # no read is to be answered from what was kept
            side.system.stop("redis")
        yield sides


def without_replicas(pair):
    return {name: value for name, value in pair.settings_to_read.items() if "REPLICAS" not in name}


# of the mix a fifth is writes, after which the replica is behind for a moment
@pytest.mark.parametrize("name", ["workout", "workouts", "mix"])
def test_what_a_replica_costs_and_saves(sides, name, capsys):
    rounds = [[side.measure(name) for side in sides] for _ in range(ROUNDS)]
    title = f"{SCENARIOS[name].words}, milliseconds without and with a replica"
    with capsys.disabled():
        print("\n" + compared(title, rounds, digits=3))
    if name != "mix":
        ratios = [
            through["of it the primary"] / plain["of it the primary"] for plain, through in rounds
        ]
        assert median(ratios) < MOST
