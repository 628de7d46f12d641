"""Merges that the timer does: after a failure it pauses, and logs it once."""

from unittest.mock import Mock

import pytest

from schemas.errors import DatabaseError
from services.observability import outages
from services.process import budgets
from services.workouts import merge_methods
from services.workouts.merge_methods import MergesLeft


@pytest.fixture
def now(monkeypatch):
    clock = Mock(monotonic=Mock(return_value=1000.0))
    monkeypatch.setattr(merge_methods, "time", clock)
    return clock.monotonic


def test_one_that_keeps_failing_is_tried_after_pauses_and_logged_once(monkeypatch, now):
    monkeypatch.setattr(outages, "log", log := Mock())
    merging = Mock(go_on=Mock(side_effect=DatabaseError("no")))
    left = MergesLeft()
    for _ in range(3):
        left.look(merging)
    assert merging.go_on.call_count == 1
    now.return_value += budgets.MERGES_RETRY_SECONDS
    left.look(merging)
    assert (merging.go_on.call_count, log.warning.call_count) == (2, 1)


def test_one_that_succeeds_is_looked_for_again_at_once():
    merging = Mock()
    left = MergesLeft()
    for _ in range(2):
        left.look(merging)
    assert merging.go_on.call_count == 2
