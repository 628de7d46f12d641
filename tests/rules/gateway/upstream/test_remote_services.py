"""Which methods of another service can be called at all."""

import pytest

from gateway.upstream.remote_services import UpstreamService
from services.dependencies.remote_service import RemoteService

REMOTES = [
    RemoteService("workouts", methods=["changes", "get_many"]),
    UpstreamService("workouts", reads=["changes"], writes=["get_many"]),
]


@pytest.mark.parametrize("remote", REMOTES, ids=["service", "gateway"])
def test_a_method_that_is_not_declared_is_none(remote):
    calls = remote.get_dependency(None)
    assert callable(calls.changes)
    assert callable(calls.get_many)
    with pytest.raises(AttributeError, match=r"^workouts\.delete .*methods"):
        _ = calls.delete


def test_what_is_not_declared_as_a_read_is_not_tried_twice():
    assert UpstreamService("workouts", reads=["get"], writes=["create"]).reads == {"get"}
