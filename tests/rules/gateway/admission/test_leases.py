"""What is kept of leases of rate limits."""

from types import SimpleNamespace

import pytest
from limits import parse

from gateway.admission.leases import Leases

LIMIT = parse("1200/minute")


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("gateway.admission.leases.time.monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def leases(clock):
    leases = Leases()
    for who in ("user-7", "user-70"):
        leases.add(LIMIT, who, 12)
    return leases


def test_of_a_user_who_is_forgotten_nothing_is_kept(leases):
    leases.forget("user-7")
    assert not leases.take(LIMIT, "user-7")
    assert leases.take(LIMIT, "user-70")
    assert [who for _, who in leases._left] == ["user-70"]


def test_of_what_has_ended_nothing_is_kept(leases, clock):
    clock.now += 59
    leases.add(LIMIT, "user-8", 12)
    clock.now += 2
    leases.forget_ended()
    assert [who for _, who in leases._left] == ["user-8"]
