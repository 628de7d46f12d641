"""Ids that clients give to workouts: a creation that is repeated makes nothing, for good."""

import json
import uuid

import pytest

from schemas.errors import BusinessRuleViolation, Conflict, Gone, ValidationFailed
from tests.faults.deputies import instead_of
from tests.services.clients import all_fine, at_once
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.imports.files import Imports
from tests.services.workouts.imports.test_own_exports import exported, states
from tests.services.workouts.test_workouts import User, faults
from tests.waiting import eventually

BENCH = 1
AT_ONCE = 6
FAR = 10**9
"""Beyond the ids of users that other tests have."""


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


@pytest.fixture
def imports(rpc, fresh_user):
    return Imports(rpc, fresh_user)


@pytest.fixture
def given():
    return body(ago(0), lift(BENCH, one(5, 100)), client_id=str(uuid.uuid4()))


def send(user, workout, key=None):
    return user.rpc.workouts.create(user.id, workout, key)


def details(refusal):
    return refusal.value.details


# Made once


def test_it_is_shown(user, given):
    made = user.create(given)
    assert made["client_id"] == given["client_id"]
    assert user.get(made["id"]) == made
    assert user.list()["items"][0]["client_id"] == given["client_id"]
    assert user.create()["client_id"] is None


def test_the_same_again_gives_the_workout_that_is_there(user, given):
    first = send(user, given)
    assert ("was_there" in first, first["replayed"]) == (False, False)
    again = send(user, given)
    assert again == {"workout": first["workout"], "replayed": False, "was_there": True}
    assert user.list()["total"] == 1
    assert [change["kind"] for change in user.feed(first["workout"]["id"])] == ["created"]


def test_it_is_the_workout_as_it_is_now(user, given):
    made = user.create(given)
    changed = user.update(made["id"], name="Push", exercises=[])
    assert user.create(given) == changed
    assert changed["client_id"] == given["client_id"]


def test_it_is_judged_neither_by_todays_catalogue_nor_by_today(user, given, run):
    """What was once accepted is accepted again."""
    own = user.rpc.exercises.create(user.id, {"name": uuid.uuid4().hex, "measure": "weight_reps"})
    given["exercises"] = [lift(own["id"], one(5, 100))]
    made = user.create(given)
    user.rpc.exercises.archive(user.id, own["id"])
    assert user.create(given) == made


@pytest.mark.parametrize("spell", [str.upper, str.title, lambda text: f" {text}\n"])
def test_an_id_is_the_same_however_it_is_spelt(user, given, spell):
    made = user.create(given)
    again = {"client_id": spell(given["client_id"]), **given, "exercises": given["exercises"]}
    again["client_id"] = spell(given["client_id"])
    assert user.create(again) == made


def test_a_body_is_compared_as_a_json_value(user, given):
    made = user.create(given)
    again = dict(reversed(given.items()))
    again["exercises"] = [lift(BENCH, one(5.0, 100.0))]
    assert user.create(again) == made


def test_another_body_is_a_conflict_that_says_which_workout_it_is(user, given):
    made = user.create(given)
    user.update(made["id"], name="Push")
    with pytest.raises(Conflict) as refusal:
        user.create(given | {"name": "Push"})
    assert details(refusal) == {"workout_id": made["id"], "current_version": 2}
    assert user.list()["total"] == 1


def test_a_refused_body_does_not_use_it_up(user, given):
    with pytest.raises(BusinessRuleViolation):
        user.create(given | {"exercises": [lift(999_999)]})
    assert user.create(given)["client_id"] == given["client_id"]


@pytest.mark.parametrize("is_same_body", [True, False])
def test_of_a_deleted_workout_nothing_comes_back(user, given, is_same_body):
    made = user.create(given)
    user.delete(made["id"])
    with pytest.raises(Gone) as refusal:
        user.create(given if is_same_body else given | {"name": "Another"})
    assert details(refusal) == {"workout_id": made["id"]}
    assert user.list()["total"] == 0


def test_it_is_the_users_own(user, given, rpc):
    made = user.create(given)
    other = User(rpc, user.id + FAR)
    theirs = other.create(given | {"name": "Theirs"})
    assert theirs["id"] != made["id"]
    other.delete(theirs["id"])
    assert user.create(given) == made


@pytest.mark.parametrize(
    "client_id",
    [
        *("", "x", "018f4d0a7c3e7b529f143a5f0c9d2e61", "{018f4d0a-7c3e-7b52-9f14-3a5f0c9d2e61}"),
        *("018f4d0a-7c3e-7b52-9f14-3a5f0c9d2e6g", "urn:uuid:018f4d0a-7c3e-7b52-9f14-3a5f0c9d2e61"),
        "018f4d0a-7c3e-7b52-9f14-3a5f0c9d2e6\u0661",
    ],
)
def test_only_a_uuid_is_one(user, client_id):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(client_id=client_id)
    assert faults(refusal) == [("client_id", "uuid")]


@pytest.mark.parametrize("client_id", [5, True, [], {}])
def test_only_text_is_one(user, client_id):
    with pytest.raises(ValidationFailed) as refusal:
        user.create(client_id=client_id)
    assert faults(refusal) == [("client_id", "type")]


def test_null_counts_as_left_out(user):
    assert user.create(client_id=None)["client_id"] is None
    assert user.create(client_id=None)["client_id"] is None
    assert user.list()["total"] == 2


def test_it_can_not_be_changed(user, given):
    made = user.create(given)
    for client_id in (None, given["client_id"], str(uuid.uuid4())):
        with pytest.raises(ValidationFailed) as refusal:
            user.update(made["id"], client_id=client_id)
        assert faults(refusal) == [("client_id", "unknown_field")]


# With an idempotency key


def test_a_key_gives_the_first_answer_and_the_id_the_workout_of_now(user, given):
    first = send(user, given, "key")
    user.update(first["workout"]["id"], name="Push")
    assert send(user, given, "key") == {"workout": first["workout"], "replayed": True}
    for key in (None, "another"):
        again = send(user, given, key)
        assert (again["workout"]["name"], again["was_there"]) == ("Push", True)
    assert user.list()["total"] == 1


def test_another_body_with_a_key_is_what_it_was(user, given):
    user.create(given, "key")
    with pytest.raises(BusinessRuleViolation):
        user.create(given | {"name": "Push"}, "key")


# At the same moment


@pytest.mark.parametrize("with_keys", [False, True])
def test_of_many_at_once_one_makes_it(user, system, given, with_keys):
    def sender(number):
        key = str(number) if with_keys else None
        return lambda rpc: rpc.workouts.create(user.id, given, key)

    answers = all_fine(at_once(system, *map(sender, range(AT_ONCE))))
    assert len({answer["workout"]["id"] for answer in answers}) == 1
    assert [answer.get("was_there", False) for answer in answers].count(False) == 1
    assert user.list()["total"] == 1


def test_of_many_bodies_at_once_one_makes_it(user, system, given):
    def sender(number):
        return lambda rpc: rpc.workouts.create(user.id, given | {"name": f"No. {number}"})

    outcomes = at_once(system, *map(sender, range(AT_ONCE)))
    made = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert (len(made), len(refused)) == (1, AT_ONCE - 1)
    assert user.list()["total"] == 1


@pytest.mark.slow
def test_a_death_after_the_commit_leaves_one(user, system, given, run):
    with instead_of(system, "workouts", "workouts.after_commit:exit:1"):
        at_once(system, lambda rpc: rpc.workouts.create.call_async(user.id, given))
        eventually(lambda: run("SELECT 1 FROM workouts WHERE user_id = :id", id=user.id))
    again = send(user, given)
    assert again["was_there"]
    assert user.list()["items"][0]["id"] == again["workout"]["id"]
    assert user.list()["total"] == 1


# In exports and imports


def test_an_export_that_is_restored_has_it_again(user, imports, given):
    made = user.create(given)
    text = exported(user)
    assert json.loads(text)["workouts"][0]["client_id"] == given["client_id"]
    user.delete(made["id"])
    found = imports.read(text)
    assert imports.apply(found["id"])["added"] == 1
    restored = user.create(given)
    assert restored["id"] != made["id"]
    assert restored["client_id"] == given["client_id"]
    assert user.list()["total"] == 1

    imports.undo(found["id"])
    with pytest.raises(Gone):
        user.create(given)


def test_what_is_here_keeps_it(user, imports, given):
    made = user.create(given)
    text = exported(user)
    user.update(made["id"], exercises=[], date=ago(9))
    found = imports.read(text)
    assert states(found) == {"new": 1}
    assert imports.apply(found["id"])["added"] == 1
    assert sorted(each["client_id"] or "" for each in user.list()["items"]) == [
        "",
        given["client_id"],
    ]
    assert user.create(given)["id"] == made["id"]


def test_of_two_in_one_file_one_has_it(user, imports, given):
    document = {"date": ago(3), "client_id": given["client_id"], "exercises": []}
    workouts = [document, document | {"date": ago(2)}]
    imports.bring(json.dumps({"format": "gym-tracker", "version": 1, "workouts": workouts}))
    having = [each for each in user.list()["items"] if each["client_id"]]
    assert [each["date"] for each in having] == [ago(3)]


def test_another_account_gets_it_and_gives_it_back(user, rpc, imports, given):
    user.create(given)
    other = User(rpc, user.id + FAR)
    theirs = Imports(rpc, other.id)
    found = theirs.bring(exported(user))
    # nobody knows what body it was made from
    again = other.create(given | {"name": "As the app has it"})
    assert (other.list()["total"], again["client_id"]) == (1, given["client_id"])
    theirs.undo(found["id"])
    made = other.create(given)
    assert (made["id"] != again["id"], other.list()["total"]) == (True, 1)


@pytest.mark.slow
def test_an_import_that_changes_the_workout_leaves_it(user, imports):
    document = {"date": ago(3), "client_id": str(uuid.uuid4()), "exercises": []}

    def text(**more):
        workouts = [document | more]
        return json.dumps({"format": "gym-tracker", "version": 1, "workouts": workouts})

    imports.bring(text())
    logged = {"exercise_name": "Squat", "measure": "weight_reps", "sets": [one(5, 20)]}
    changed = imports.read(text(exercises=[logged], client_id=str(uuid.uuid4())))
    assert states(changed) == {"changed": 1}
    assert imports.apply(changed["id"], on_changed="update")["updated"] == 1
    assert user.list()["items"][0]["client_id"] == document["client_id"]
    imports.undo(changed["id"])
    assert user.list()["items"][0]["client_id"] == document["client_id"]


def test_a_file_with_another_kind_of_id_is_faulty(user, imports):
    document = {"date": ago(3), "client_id": "x", "exercises": []}
    text = json.dumps({"format": "gym-tracker", "version": 1, "workouts": [document]})
    (fault,) = imports.read(text)["faults"]
    assert (fault["field"], fault["constraint"]) == ("client_id", "uuid")
