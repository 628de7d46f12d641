"""Many at once, and each alone where that fails."""

import pytest

from schemas.errors import ServiceUnavailable, TimedOut
from services.analytics.bisecting import bisect_batch


class Worker:
    """Works on numbers; some of them can't be worked on, and some need to be few."""

    def __init__(self, problems=None, most=100):
        self.problems = problems or {}
        self.most = most
        self.done = set()
        self.failed = {}

    def work(self, numbers):
        for number in numbers:
            if number in self.problems:
                raise self.problems[number]
        if len(numbers) > self.most:
            raise TimedOut("too much at once")
        self.done.update(numbers)

    def run(self, numbers):
        bisect_batch(numbers, self.work, self.failed.__setitem__)


def test_what_succeeds_is_done_at_once():
    calls = []
    bisect_batch([1, 2, 3], calls.append, None)
    assert calls == [[1, 2, 3]]


def test_nothing_is_no_work():
    bisect_batch([], pytest.fail, pytest.fail)


def test_one_that_fails_holds_up_nothing():
    problem = ValueError("broken")
    worker = Worker({17: problem})
    worker.run(list(range(50)))
    assert worker.done == set(range(50)) - {17}
    assert worker.failed == {17: problem}


def test_what_is_too_much_at_once_is_done_in_parts():
    worker = Worker(most=6)
    worker.run(list(range(50)))
    assert (worker.done, worker.failed) == (set(range(50)), {})


@pytest.mark.parametrize("problem", [ServiceUnavailable("gone"), TimedOut("silent")])
def test_what_is_away_for_a_single_one_too_ends_the_work(problem):
    worker = Worker({3: problem})
    with pytest.raises(type(problem)):
        worker.run([1, 2, 3, 4])
    assert (worker.done, worker.failed) == ({1, 2}, {})
