"""Calls of a service of the version before, which lacks methods of this one."""

from types import SimpleNamespace

import pytest
from eventlet.event import Event
from nameko.exceptions import IncorrectSignature, MethodNotFound, serialize

from schemas.errors import InternalError, ServiceUnavailable
from services.dependencies.cells.routing import Cells
from services.dependencies.remote_service import RemoteService


class OneCell(Cells):
    """What a service is called by where there are no cells."""

    _others = ()


WORKER = SimpleNamespace(data={}, context_data={})


class Replies:
    """Have a reply to each request as soon as it is asked for."""

    def __init__(self, reply):
        self.reply = reply

    def expect(self):
        event = Event()
        event.send(self.reply)
        return "1", event

    def forget(self, _correlation_id):
        pass


class Before(RemoteService):
    """A service that has no method of those that are called."""

    def __init__(self, **options):
        super().__init__("workouts", ["swim"], **options)
        error = serialize(MethodNotFound("swim"))
        self.cells = OneCell()
        self.replies = Replies({"result": None, "error": error})

    def _send(self, *_):
        pass


def call(**options):
    return Before(**options).get_dependency(WORKER).swim(1)


def test_there_is_a_result_without_the_method():
    assert call(without={"swim": list}) == []


def test_a_method_that_nothing_stands_for_is_unavailable():
    with pytest.raises(ServiceUnavailable) as refusal:
        call(without={"swim": None})
    assert refusal.value.details["service"] == "workout-service"


def test_a_method_that_should_be_there_is_a_bug():
    with pytest.raises(InternalError):
        call(without={"run": list})


class Stricter(RemoteService):
    """A service whose method takes no depth."""

    def __init__(self, **options):
        super().__init__("workouts", ["swim"], **options)
        self.cells = OneCell()
        self.asked = []

    def _exchange(self, _worker_ctx, _destination, _method, _args, kwargs, _seconds):
        self.asked.append(kwargs)
        if "depth" in kwargs:
            return {"result": None, "error": serialize(IncorrectSignature("swim: depth"))}
        return {"result": "swum", "error": None}


def test_what_the_version_before_does_not_take_is_left_out():
    service = Stricter(newer={"swim": ["depth"]})
    assert service.get_dependency(WORKER).swim(depth=3, far=True) == "swum"
    assert service.asked == [{"depth": 3, "far": True}, {"far": True}]


def test_what_it_takes_is_sent_once():
    service = Stricter(newer={"swim": ["depth"]})
    assert service.get_dependency(WORKER).swim(far=True) == "swum"
    assert service.asked == [{"far": True}]


def test_arguments_that_are_wrong_are_a_bug():
    with pytest.raises(InternalError):
        Stricter().get_dependency(WORKER).swim(depth=3)
