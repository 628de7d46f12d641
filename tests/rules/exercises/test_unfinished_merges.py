"""Going on with merges that no request has finished."""

import pytest

from schemas.errors import BeingMoved, ServiceUnavailable
from services.exercises.private import merging
from services.exercises.private.merges import Merge
from services.exercises.private.merging import Merging

FIRST, SECOND = (Merge(owner, owner + 100, 1, "Bench Press") for owner in (1, 2))


@pytest.mark.parametrize(
    ("problem", "asked"),
    [
        # one user's matter
        (BeingMoved.of("workout-service"), [1, 2]),
        # everybody's
        (ServiceUnavailable.of("workout-service", 1), [1]),
    ],
)
def test_whom_else_is_asked_for_when_one_fails(monkeypatch, problem, asked):
    owners = []

    def move(owner_id, exercise_id, into):
        owners.append(owner_id)
        if owner_id == FIRST.owner_id:
            raise problem
        return {"done": False}

    class Nothing:
        fetch = None

    monkeypatch.setattr(merging.merges, "unfinished", lambda fetch: [FIRST, SECOND])
    with pytest.raises(type(problem)):
        Merging(Nothing(), None, move).finish_all()
    assert owners == asked
