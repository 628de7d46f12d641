"""Finding the cell that has a user."""

from types import SimpleNamespace

import pytest

from schemas.errors import BeingMoved, MovedElsewhere, ServiceUnavailable
from services.dependencies.cells import routing
from services.dependencies.cells.routing import Cells, Destination, event_key, user_of
from services.process.settings import SETTINGS_KEY

SERVICE = "workout-service"
USER = 1041
"""In bucket 17."""


def make_cells(service="gateway", cell="", others=("b", "c")):
    cells = Cells()
    settings = SimpleNamespace(cell=cell, cells=others)
    cells.container = SimpleNamespace(service_name=service, config={SETTINGS_KEY: settings})
    return cells


class Served:
    """Serves users in the cells that have them; notes where it was asked."""

    def __init__(self, has):
        self.has = has
        self.asked = []

    def __call__(self, destination, seconds):
        self.asked.append(destination)
        assert seconds > 0
        answer = self.has(destination.cell, len(self.asked))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def cells(self):
        return [destination.cell for destination in self.asked]


def elsewhere(cell):
    return MovedElsewhere.to(SERVICE, cell)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    slept = []
    monkeypatch.setattr(routing.eventlet, "sleep", slept.append)
    return slept


def test_where_there_is_one_cell_nothing_is_said_of_users():
    served = Served(lambda *_: "done")
    assert make_cells(others=()).route("workouts", USER, 5, served) == "done"
    assert served.asked == [Destination("", None)]


@pytest.mark.parametrize("service", ["users", "exercises", "notifications"])
def test_what_no_cell_has_of_its_own_is_called_by_its_name(service):
    served = Served(lambda *_: "done")
    make_cells().route(service, USER, 5, served)
    assert served.asked == [Destination("", None)]


def test_the_first_cell_is_asked_first_and_is_told_for_whom():
    served = Served(lambda *_: "done")
    make_cells().route("analytics", USER, 5, served)
    assert served.asked == [Destination("", USER)]


def test_what_a_cell_says_of_where_a_bucket_is_holds_for_all_its_users_and_services(pauses):
    cells = make_cells()
    served = Served(lambda cell, _: "done" if cell == "c" else elsewhere("c"))
    assert cells.route("workouts", USER, 5, served) == "done"
    assert served.cells == ["", "c"]
    again = Served(lambda cell, _: cell)
    assert cells.route("analytics", USER + 1024, 5, again) == "c"
    assert cells.route("analytics", USER + 1, 5, again) == ""
    assert not pauses


def test_a_write_of_somebody_who_is_being_moved_waits(pauses):
    served = Served(lambda cell, tries: "done" if tries == 3 else BeingMoved.of(SERVICE))
    assert make_cells().route("workouts", USER, 5, served) == "done"
    assert served.cells == ["", "", ""]
    assert len(pauses) == 2


def test_two_cells_that_name_each_other_are_not_asked_without_a_pause(pauses):
    def has(cell, tries):
        return "done" if tries == 5 else elsewhere("" if cell else "b")

    served = Served(has)
    assert make_cells().route("workouts", USER, 5, served) == "done"
    assert served.cells == ["", "b", "", "b", ""]
    assert len(pauses) == 2


@pytest.mark.parametrize("refusal", [BeingMoved.of(SERVICE), elsewhere("")])
def test_who_is_still_being_moved_when_the_time_is_up_is_told_so(refusal):
    with pytest.raises(BeingMoved) as told:
        make_cells().route("workouts", USER, 0.1, Served(lambda *_: refusal))
    assert type(told.value) is BeingMoved
    assert isinstance(told.value, ServiceUnavailable)
    assert told.value.details == {"service": SERVICE, "reason": "being_moved", "retry_after": 1}


def test_another_failure_is_not_tried_again():
    served = Served(lambda *_: ServiceUnavailable.of(SERVICE, 5))
    with pytest.raises(ServiceUnavailable):
        make_cells().route("workouts", USER, 5, served)
    assert len(served.asked) == 1


@pytest.mark.parametrize("cell", ["", "b"])
def test_within_a_cell_its_own_services_are_called_for_whomever(cell):
    served = Served(lambda *_: "done")
    make_cells("analytics", cell).route("workouts", USER, 5, served)
    assert served.asked == [Destination(cell, None)]


def test_a_cell_that_cells_does_not_name_is_not_asked(pauses):
    served = Served(lambda cell, tries: "done" if tries == 2 else elsewhere("d"))
    assert make_cells().route("workouts", USER, 5, served) == "done"
    assert served.cells == ["", ""]


def test_events_have_the_cell_of_their_user_in_their_routing_key():
    cells = make_cells()
    assert cells.routing_key("workout_created", USER) == "workout_created"
    cells.route("workouts", USER, 5, Served(lambda cell, _: cell or elsewhere("b")))
    assert cells.routing_key("workout_created", USER) == "workout_created.b"
    assert event_key("workout_created", "") == "workout_created"


@pytest.mark.parametrize(
    ("args", "kwargs", "user"),
    [((1, {}), {}, 1), ((7,), {"user_id": 1}, 1), ((), {"user_id": 1}, 1), ((), {}, None)],
)
def test_a_call_is_for_the_user_named_or_else_for_its_first_argument(args, kwargs, user):
    assert user_of(args, kwargs) == user
