"""Trying again after pauses, until it works."""

from itertools import islice

import pytest

from services.process.retrying import retry, with_last_repeated


class Away(Exception):
    """Worth another try."""


class Flaky:
    """Fails some times, and then returns how often it was called."""

    def __init__(self, failures):
        self.failures = failures
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise Away(self.calls)
        return self.calls


def test_the_last_pause_repeats():
    assert list(islice(with_last_repeated((0.2, 1)), 4)) == [0.2, 1, 1, 1]


@pytest.mark.parametrize(("failures", "slept"), [(0, []), (1, [1]), (4, [1, 5, 5, 5])])
def test_it_is_tried_until_it_works(failures, slept):
    pauses, reported = [], []
    made = retry(Flaky(failures), Away, (1, 5), reported.append, pauses.append)
    assert (made, pauses, len(reported)) == (failures + 1, slept, failures)


def test_any_other_failure_is_raised():
    with pytest.raises(ZeroDivisionError):
        retry(lambda: 1 / 0, Away, (0,))


def test_a_report_that_raises_ends_the_tries():
    def give_up(problem):
        raise problem

    flaky = Flaky(1)
    with pytest.raises(Away):
        retry(flaky, Away, (0,), give_up)
    assert flaky.calls == 1
