"""The night to Monday: summaries of last week for everybody, while users read their numbers.

Usage: ``.venv/bin/python -m benchmarks.summaries [users]`` (100000)

Starts a system of its own, whose job finds nothing to do, and reads numbers of users whom no memory
knows for a while. Then so many users have trained on Sunday, and the job makes their summaries
while the reads go on. Prints how long it took, the processor time of a summary, and the reads'
times without the job and with it. Takes about 40 minutes for 100,000 users.
"""

import random
import sys
import time
from contextlib import closing
from datetime import UTC, datetime

from nameko.standalone.rpc import ClusterRpcProxy
from sqlalchemy import text

from benchmarks.crowd import find_exercises
from benchmarks.filling import Databases, Filling, add_users, connected, fill
from benchmarks.quick import IN_EARNEST
from benchmarks.usage import Usage
from stack.demo import Api
from stack.testing import running_system

USERS = 100_000
CALM_READS = 300
PAUSE_SECONDS = 0.05
LONGEST_SECONDS = 3600


class Reads:
    """Reads of random users' records, each of which goes to the database."""

    def __init__(self, rpc: ClusterRpcProxy, first_user: int, users: int):
        self._rpc = rpc
        # so that none is read twice
        self._users = iter(random.sample(range(first_user, first_user + users), users))

    def seconds(self) -> float:
        """Read one user's records, and return how long it took."""
        begun = time.monotonic()
        self._rpc.analytics.personal_records(next(self._users))
        taken = time.monotonic() - begun
        time.sleep(PAUSE_SECONDS)
        return taken


def made(databases: Databases) -> int:
    """Return how many summaries there are."""
    with databases.analytics.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM weekly_summaries")).scalar_one()


def shown(seconds: list[float]) -> str:
    """Return the median, and the 95th and 99th of a hundred, in milliseconds."""
    in_order = sorted(seconds)
    places = (in_order[int(len(in_order) * part)] * 1000 for part in (0.5, 0.95, 0.99))
    return " / ".join(f"{place:.1f}" for place in places)


def main() -> None:
    """Measure, and print it."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    with (
        running_system(settings=IN_EARNEST, throwaway=False) as system,
        connected(system.environment) as databases,
    ):
        first_user = add_users(databases, 2 * users)
        with closing(Api(system.url)) as api:
            exercises = find_exercises(api)
        earlier = datetime.now(UTC).weekday()
        # they have not trained last week, so the job has nothing to do
        fill(databases, Filling(first_user + users, users, days_earlier=earlier + 7), exercises)
        usage = Usage(system)
        with ClusterRpcProxy({"AMQP_URI": system.environment["AMQP_URI"]}, timeout=30) as rpc:
            reads = Reads(rpc, first_user + users, users)
            for _ in range(CALM_READS // 10):
                reads.seconds()
            calm = [reads.seconds() for _ in range(CALM_READS)]
            fill(databases, Filling(first_user, users, days_earlier=earlier), exercises)
            before, begun = usage.cpu_seconds(), time.monotonic()
            during: list[float] = []
            while made(databases) < users and time.monotonic() < begun + LONGEST_SECONDS:
                during += [reads.seconds() for _ in range(20)]
            taken = time.monotonic() - begun
            after = usage.cpu_seconds()
        print(f"{made(databases)} summaries in {taken:.0f} s")
        print("CPU seconds meanwhile, that of the reads included:")
        for part, seconds in after.items():
            print(f"  {part:12} {seconds - before[part]:8.1f}")
        print("a read in ms, p50 / p95 / p99")
        print(f"  before    {shown(calm)}")
        print(f"  meanwhile {shown(during)}")


if __name__ == "__main__":
    main()
