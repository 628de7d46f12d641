"""The whole suite on several processes: what must share one, in which order, on which ports.

Each process has systems of its own, in directories named after its process id.
"""

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

from stack import ports

BESIDE = "GYM_TESTS_BESIDE"
"""Set where a few tests run beside the whole suite (.ci/newest-python)."""

PARTS = 5
"""Parts of the range of ports: for the processes of a suite, at most 4, and for those beside it."""

# What shares a system, which is started once, is run by one process.
TOGETHER = {
    "tests/faults/": "a system with faults",
    "tests/page/": "a browser",
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


def begin_elsewhere(config) -> None:
    """Have each process collect the files in a cycle, and begin at another one than the others.

    On a fresh checkout, collecting is mostly rewriting and compiling, whose result the next process
    finds on disk.
    """
    files = [path for place in config.args for path in _files(config.rootpath / place)]
    first = len(files) * number(config) // config.workerinput["workercount"]
    config.args[:] = [str(path) for path in files[first:] + files[:first]]


def _files(place: Path) -> list[Path]:
    return sorted(place.rglob("test_*.py")) if place.is_dir() else [place]


def number(config) -> int:
    """Return which of the processes this is, from 0 on."""
    return int(config.workerinput["workerid"].removeprefix("gw"))


def arrange(items: list) -> None:
    """Put the tests into the order in which they are handed out, the same in all processes."""

    def rank(item) -> tuple[int, str]:
        places = enumerate(LONGEST_FIRST)
        first = (n for n, place in places if item.nodeid.startswith(place))
        return next(first, len(LONGEST_FIRST)), item.nodeid.split("::", 1)[0]

    items.sort(key=rank)


def take_own_ports(place: int) -> None:
    """Choose ports from a part of the range that no other process of the suite chooses from.

    Between looking for a free port and listening on it there is time enough for another process
    to choose the same.
    """
    size = len(ports.ANYWHERE) // PARTS
    ports.ANYWHERE = ports.ANYWHERE[place * size : (place + 1) * size]
