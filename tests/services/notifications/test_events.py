"""What webhooks are told of, from what happened to what a receiver has."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from schemas import webhooks
from tests.api.described import described
from tests.erasing import run
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.imports.files import Imports, strong, text_of
from tests.waiting import eventually

SECONDS = 15
BENCH = 1
FILE = text_of(strong("2025-03-01 10:00:00", ("Bench Press (Barbell)", 80, 5)))


def told(receiver, *event_types, count=1):
    """Return what a receiver was told of some types, once there is so much."""

    def is_there():
        found = [one for each in event_types for one in receiver.of_type(each)]
        assert len(found) >= count, [one.content for one in receiver.received]
        return found

    return eventually(is_there, SECONDS)


def record(user_id, **fields):
    return {
        "id": str(uuid.uuid4()),
        "user_id": user_id,
        "exercise_id": BENCH,
        "kind": "max_weight",
        "happened_at": (datetime.now(UTC) + timedelta(seconds=1)).isoformat(),
        **fields,
    }


def test_what_becomes_of_a_workout(rpc, fresh_user, receiver, make_webhook):
    webhook = make_webhook(events=webhooks.EVENTS[:3])
    made = rpc.workouts.create(fresh_user, body(ago(0), lift(BENCH, one(5, 100))))["workout"]
    told(receiver, webhooks.WORKOUT_CREATED)
    rpc.workouts.update(fresh_user, made["id"], {"notes": "well"})
    told(receiver, webhooks.WORKOUT_UPDATED)
    rpc.workouts.delete(fresh_user, made["id"])
    told(receiver, webhooks.WORKOUT_DELETED)
    changes = rpc.workouts.changes(0, 10, made["id"])
    assert [one.content["data"] for one in receiver.received] == [
        {name: change[name] for name in ("workout_id", "user_id", "version", "date")}
        for change in changes
    ]
    assert [one.content["timestamp"] for one in receiver.received] == [
        change["changed_at"] for change in changes
    ]
    for message in receiver.received:
        Webhook(webhook["secret"]).verify(message.body, message.headers)
        described().check_message(message)
    assert len({message.event_id for message in receiver.received}) == 3


@pytest.mark.slow
def test_a_record_that_is_set_and_then_deleted(rpc, fresh_user, receiver, make_webhook):
    make_webhook(events=[webhooks.RECORD_SET, webhooks.RECORD_REVOKED])
    made = rpc.workouts.create(fresh_user, body(ago(0), lift(BENCH, one(5, 100))))["workout"]
    of_set = told(receiver, webhooks.RECORD_SET, count=5)
    rpc.workouts.delete(fresh_user, made["id"])
    revoked = told(receiver, webhooks.RECORD_REVOKED, count=5)

    def kinds(messages):
        return {one.content["data"]["kind"]: one.content["data"] for one in messages}

    assert kinds(of_set).keys() == kinds(revoked).keys()
    assert kinds(of_set)["max_weight"]["new"]["value"] == 100
    assert kinds(of_set)["max_weight"]["exercise_name"]
    assert kinds(revoked)["max_weight"]["new"] is None
    assert len(receiver.received) == 10
    for message in receiver.received:
        described().check_message(message)


@pytest.mark.slow
def test_an_import_is_told_once_and_not_workout_by_workout(rpc, fresh_user, receiver, make_webhook):
    make_webhook()
    imports = Imports(rpc, fresh_user)
    import_id = imports.read(FILE, weight_unit="kg", time_zone="UTC")["id"]
    imports.map(import_id)
    imports.apply(import_id)
    [message] = told(receiver, webhooks.IMPORT_COMPLETED)
    assert message.content["data"]["import_id"] == import_id
    assert message.content["data"]["status"] == "applied"
    described().check_message(message)
    # by the feed this comes after the import's
    rpc.workouts.create(fresh_user, body(ago(0), lift(BENCH, one(5, 10))))
    told(receiver, webhooks.WORKOUT_CREATED)
    assert len(receiver.of_type(webhooks.WORKOUT_CREATED)) == 1


@pytest.mark.slow
def test_each_webhook_is_told_of_what_it_asks_for_and_of_its_owner(
    rpc, fresh_user, receiver, make_webhook
):
    other = fresh_user + 10**9
    make_webhook(url=f"{receiver.url}/records", events=[webhooks.RECORD_SET])
    make_webhook(url=f"{receiver.url}/workouts", events=[webhooks.WORKOUT_CREATED])
    make_webhook(other, url=f"{receiver.url}/other", events=[webhooks.WORKOUT_CREATED])
    rpc.workouts.create(fresh_user, body(ago(0), lift(BENCH, one(5, 100))))
    told(receiver, webhooks.RECORD_SET, count=5)
    told(receiver, webhooks.WORKOUT_CREATED)
    paths = [one.path for one in receiver.received]
    assert sorted(paths) == ["/gym/records"] * 5 + ["/gym/workouts"]


def test_what_was_before_is_not_told(rpc, fresh_user, receiver, make_webhook):
    rpc.workouts.create(fresh_user, body(ago(1), lift(BENCH, one(5, 100))))
    make_webhook(events=[webhooks.WORKOUT_CREATED])
    second = rpc.workouts.create(fresh_user, body(ago(0), lift(BENCH, one(5, 90))))["workout"]
    [message] = told(receiver, webhooks.WORKOUT_CREATED)
    assert message.content["data"]["workout_id"] == second["id"]


def test_an_event_that_comes_twice_is_told_once(fresh_user, receiver, make_webhook, publish):
    make_webhook(events=[webhooks.RECORD_SET])
    first, second = record(fresh_user), record(fresh_user, kind="max_reps")
    publish(first, first)
    told(receiver, webhooks.RECORD_SET)
    publish(first, second)
    told(receiver, webhooks.RECORD_SET, count=2)
    assert [one.content["data"]["kind"] for one in receiver.received] == ["max_weight", "max_reps"]
    assert receiver.received[0].event_id == f"evt_{first['id']}"


def test_a_weekly_summary_is_told_as_it_is(fresh_user, receiver, make_webhook, publish):
    make_webhook(events=[webhooks.WEEKLY_SUMMARY])
    summary = {"week": "2026-W48", "summary": {"workouts": {"value": 3}}}
    publish(record(fresh_user, **summary), event_type="weekly_summary_ready")
    [message] = told(receiver, webhooks.WEEKLY_SUMMARY)
    assert message.content["data"].items() >= summary.items()


@pytest.mark.slow
def test_what_happens_while_the_service_is_away_is_told_when_it_is_back(
    system, rpc, fresh_user, receiver, make_webhook
):
    make_webhook()
    system.stop("notifications")
    try:
        rpc.workouts.create(fresh_user, body(ago(0), lift(BENCH, one(5, 100))))
    finally:
        system.start("notifications")
    told(receiver, webhooks.WORKOUT_CREATED)
    told(receiver, webhooks.RECORD_SET, count=5)
    assert len(receiver.received) == 6


@pytest.mark.slow
def test_a_receiver_that_was_down_for_hours_gets_everything_with_the_same_ids(
    system, rpc, fresh_user, receiver, make_webhook
):
    receiver.status = 503
    webhook = make_webhook(events=[webhooks.WORKOUT_CREATED, webhooks.RECORD_SET])
    for day in (2, 1, 0):
        rpc.workouts.create(fresh_user, body(ago(day), lift(BENCH, one(5, 100 - day))))

    def tried():
        found = rpc.notifications.list_deliveries(fresh_user, webhook["id"], limit=100)["items"]
        assert {one["event_type"] for one in found} == {"workout.created", "record.set"}
        assert len([one for one in found if one["event_type"] == "workout.created"]) == 3
        assert all(one["attempts"] >= 1 and one["problem"] for one in found)
        return {one["event_id"] for one in found}

    expected = eventually(tried, SECONDS)
    assert {message.event_id for message in receiver.received} == expected
    receiver.status = 204
    receiver.received.clear()
    # three hours later
    for statement in (
        "UPDATE deliveries SET next_attempt_at = next_attempt_at - interval '3 hours'"
        " WHERE webhook_id = :id",
        "UPDATE webhooks SET due_at = due_at - interval '3 hours' WHERE id = :id",
    ):
        run(system, "notifications", statement, id=webhook["id"])

    def all_of_it():
        assert {message.event_id for message in receiver.received} == expected

    def is_there():
        all_of_it()
        return True

    eventually(is_there, SECONDS)
    for message in receiver.received:
        Webhook(webhook["secret"]).verify(message.body, message.headers)


def test_of_a_user_who_was_erased_nothing_is_told_and_others_are(
    system, fresh_user, receiver, make_webhook, publish
):
    erased = fresh_user + 10**9
    make_webhook(erased, url=f"{receiver.url}/erased")
    make_webhook(url=f"{receiver.url}/other")
    run(system, "notifications", "INSERT INTO erased_users VALUES (:id)", id=erased)
    publish(record(erased), record(fresh_user), record(erased))
    told(receiver, webhooks.RECORD_SET)
    assert [one.path for one in receiver.received] == ["/gym/other"]


def test_while_the_database_is_away_nothing_is_given_up(
    system, fresh_user, receiver, make_webhook, publish
):
    make_webhook(events=[webhooks.RECORD_SET])
    system.stop("notifications-db")
    try:
        publish(record(fresh_user))
    finally:
        system.start("notifications-db")
    told(receiver, webhooks.RECORD_SET)
