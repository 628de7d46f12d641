"""Who has private exercises: asked once, remembered, and forgotten in time."""

from types import SimpleNamespace

import pytest

from gateway.admission import owners as owners_module
from gateway.admission.owners import REMEMBERED_SECONDS, Owners
from schemas.errors import ServiceUnavailable
from services.process import budgets

USER, OTHER = 7, 8


class Exercises:
    """The exercises service, as the gateway calls it."""

    def __init__(self):
        self.owners = set()
        self.asked = []
        self.meanwhile = lambda: None

    def call_once(self, _worker_ctx, method, args, _kwargs, seconds):
        assert (method, seconds) == ("owns", budgets.OWNER_SECONDS)
        (user_id,) = args
        self.asked.append(user_id)
        found = user_id in self.owners
        self.meanwhile()
        if isinstance(self.owners, Exception):
            raise self.owners
        return found


@pytest.fixture
def exercises():
    return Exercises()


@pytest.fixture
def now(monkeypatch):
    clock = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(owners_module.time, "monotonic", lambda: clock.seconds)
    return clock


@pytest.fixture
def owners(exercises, now, monkeypatch):
    owners = Owners()
    owners.catalogue_changes = SimpleNamespace(generation=1, when_private=lambda _listener: None)
    monkeypatch.setattr(owners, "_exercises", lambda: exercises)
    return owners


def test_whoever_has_none_is_remembered(owners, exercises):
    assert owners.known(USER) is None
    for _ in range(3):
        assert owners.is_one(USER, None) is False
        assert owners.known(USER) is False
    assert exercises.asked == [USER]
    assert owners.known(OTHER) is None


def test_whoever_has_some_is_remembered(owners, exercises):
    exercises.owners = {USER}
    for _ in range(3):
        assert owners.is_one(USER, None) is True
        assert owners.known(USER) is True
    assert exercises.asked == [USER]


def test_an_event_makes_it_forget_that_a_user_had_some(owners, exercises):
    exercises.owners = {USER}
    owners.is_one(USER, None)
    exercises.owners = set()
    owners.forget(USER)
    assert owners.is_one(USER, None) is False
    assert owners.known(USER) is False


def test_an_event_makes_it_forget_that_user(owners, exercises):
    owners.is_one(USER, None)
    owners.is_one(OTHER, None)
    exercises.owners = {USER}
    owners.forget(USER)
    assert owners.known(USER) is None
    assert owners.known(OTHER) is False
    assert owners.is_one(USER, None) is True


def test_an_event_while_it_asks_is_not_overtaken_by_the_answer(owners, exercises):
    exercises.meanwhile = lambda: owners.forget(USER)
    assert owners.is_one(USER, None) is False
    assert owners.known(USER) is None


def test_answers_about_several_users_at_a_time_are_all_remembered(owners, exercises):
    def ask_for_the_other():
        exercises.meanwhile = lambda: None
        owners.is_one(OTHER, None)

    exercises.meanwhile = ask_for_the_other
    owners.is_one(USER, None)
    assert owners.known(USER) is False
    assert owners.known(OTHER) is False


def test_an_event_about_another_user_while_it_asks_changes_nothing(owners, exercises):
    exercises.meanwhile = lambda: owners.forget(OTHER)
    owners.is_one(USER, None)
    assert owners.known(USER) is False


def test_an_answer_from_before_an_event_does_not_count_after_another_question(owners, exercises):
    def be_overtaken():
        exercises.meanwhile = lambda: None
        owners.forget(USER)
        exercises.owners = {USER}
        assert owners.is_one(USER, None) is True

    exercises.meanwhile = be_overtaken
    assert owners.is_one(USER, None) is False
    assert owners.known(USER) is True


@pytest.mark.parametrize("generation", [2, None])
def test_it_forgets_all_when_an_event_may_have_been_missed(owners, generation):
    owners.is_one(USER, None)
    owners.catalogue_changes.generation = generation
    assert owners.known(USER) is None


def test_without_a_connection_over_which_events_come_nothing_is_remembered(owners):
    owners.catalogue_changes.generation = None
    assert owners.is_one(USER, None) is False
    assert owners.known(USER) is None


def test_it_asks_again_after_a_while(owners, exercises, now):
    owners.is_one(USER, None)
    now.seconds += REMEMBERED_SECONDS - 1
    assert owners.known(USER) is False
    now.seconds += 1
    assert owners.known(USER) is None
    owners.is_one(USER, None)
    assert exercises.asked == [USER, USER]
    assert owners.known(USER) is False


def test_while_nobody_can_tell_they_are_given_what_everybody_gets(owners, exercises):
    def fail():
        raise ServiceUnavailable.of("exercise-service", 5)

    exercises.meanwhile = fail
    assert owners.is_one(USER, None) is False
    assert owners.known(USER) is None
