"""Failpoints: there in a development run that asks for them, and nowhere else."""

import pytest

from services.process import failpoints
from services.process.settings import BadSettings

ASKED = {"GYM_FAILPOINTS": "workouts.after_commit:exit:1, analytics.handle:fail:broken"}


def test_a_development_run_has_what_it_asks_for(monkeypatch):
    points = failpoints.read(ASKED)
    assert points.keys() == {"workouts.after_commit", "analytics.handle"}
    monkeypatch.setattr(failpoints, "_POINTS", points)
    failpoints.failpoint("somewhere.else")
    with pytest.raises(failpoints.FailedOnPurpose, match="broken"):
        failpoints.failpoint("analytics.handle")


def test_production_has_none():
    assert failpoints.read({**ASKED, "GYM_ENV": "production"}) == {}


def test_without_the_variable_there_is_none():
    assert failpoints.read({}) == {}


def test_nonsense_is_refused():
    with pytest.raises(BadSettings):
        failpoints.read({"GYM_FAILPOINTS": "workouts.after_commit:explode"})
