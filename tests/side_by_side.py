"""The whole suite on several processes: what must share one, in which order, on which ports.

Each process has systems of its own, in directories named after its process id.
"""

from xdist.scheduler import LoadScopeScheduling

from stack import ports

# What shares a system, which is started once, is run by one process.
TOGETHER = {
    "tests/faults/": "a system with faults",
    "tests/stack/test_copies.py": "a checkout",
    "tests/stack/test_upgrading.py": "a checkout",
    "tests/stack/test_fresh_broker.py": "servers",
    "tests/stack/test_own_broker.py": "servers",
    "tests/stack/test_running_in_earnest.py": "servers",
    "tests/stack/test_version_before": "the version before",
}
# Whatever takes longest begins first, so that no process is left with it at the end.
LONGEST_FIRST = (
    "tests/stack/test_copies.py",
    "tests/stack/test_upgrading.py",
    "tests/stack/test_fresh_broker.py",
    "tests/stack/test_own_broker.py",
    # which leaves nothing of the others' on their servers
    "tests/stack/test_running_in_earnest.py",
    "tests/stack/test_version_before",
    "tests/faults/",
    "tests/stack/test_interrupted_up.py",
    "tests/services/exercises/test_wger_import.py",
    "tests/security/test_exhaustion.py",
    "tests/services/exercises/test_renames.py",
    "tests/stack/test_trace.py",
    "tests/security/test_passwords_in_transit.py",
    "tests/services/analytics/",
    "tests/security/",
    "tests/stack/",
    "tests/page/",
    "tests/api/",
    "tests/services/",
)


class Scheduler(LoadScopeScheduling):
    """Hands out whole files, and those together that share a system."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (what for place, what in TOGETHER.items() if nodeid.startswith(place))
        return next(shared, nodeid.split("::", 1)[0])


def arrange(items: list) -> None:
    """Put the tests into the order in which they are handed out."""

    def rank(item) -> int:
        places = enumerate(LONGEST_FIRST)
        return next((n for n, place in places if item.nodeid.startswith(place)), len(LONGEST_FIRST))

    items.sort(key=rank)


def take_own_ports(worker: str, workers: int) -> None:
    """Choose ports from a part of the range that no other process of the suite chooses from.

    Between looking for a free port and listening on it there is time enough for another process
    to choose the same.
    """
    number = int(worker.removeprefix("gw"))
    size = len(ports.ANYWHERE) // workers
    ports.ANYWHERE = ports.ANYWHERE[number * size : (number + 1) * size]
