"""The events ``record_set`` and ``record_revoked``, as whoever listens hears them."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from kombu import Connection, Consumer, Exchange, Queue
from sqlalchemy import NullPool, create_engine, text

from services.analytics import record_outbox
from services.process import budgets
from stack.layout import CHECKOUT
from tests.services.databases import address_of
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.imports.files import Imports, strong, text_of
from tests.waiting import eventually

BENCH, SQUAT, DEADLIFT, PLANK = 1, 2, 3, 6
LIFTED = ["max_weight", "max_reps", "max_volume", "best_set_volume", "best_e1rm"]
KEPT = "evt-analytics-{0}--notifications.handle_{0}"


class Listener:
    """Hears of everybody's records."""

    def __init__(self, amqp_uri):
        self.connection = Connection(amqp_uri)
        exchange = Exchange("analytics.events", "topic", durable=True)
        queue = Queue(exchange=exchange, routing_key="#", exclusive=True)
        self.heard = []
        consumer = Consumer(
            self.connection, [queue], on_message=self._take, accept=["json"], no_ack=True
        )
        consumer.consume()

    def _take(self, message):
        self.heard.append({"type": message.delivery_info["routing_key"], **message.decode()})

    def of(self, user_id):
        """Return the events of a user so far, each with its type."""
        try:
            while True:
                self.connection.drain_events(timeout=0.05)
        except TimeoutError:
            records = [event for event in self.heard if event["type"].startswith("record_")]
            return [event for event in records if event["user_id"] == user_id]


@pytest.fixture(scope="module")
def listener(system):
    listener = Listener(system.environment["AMQP_URI"])
    yield listener
    listener.connection.release()


class Lifter:
    """A user who logs workouts, and hears what becomes of the records."""

    def __init__(self, rpc, user_id, listener):
        self.rpc = rpc
        self.id = user_id
        self.listener = listener
        self.known = 0
        self.markers = 0

    def log(self, day, *exercises, **more):
        workout = self.rpc.workouts.create(self.id, body(ago(day), *exercises, **more))["workout"]
        self.rpc.analytics.process_workout(workout["id"])
        return workout["id"]

    def change(self, workout_id, *exercises):
        self.rpc.workouts.update(self.id, workout_id, {"exercises": list(exercises)})
        self.rpc.analytics.process_workout(workout_id)

    def delete(self, workout_id):
        self.rpc.workouts.delete(self.id, workout_id)
        self.rpc.analytics.process_workout(workout_id)

    def hears(self):
        """Return what there is to hear since the last call."""
        # behind all that came before, a record that is set in any case
        self.markers += 1
        marker = self.log(0, lift(DEADLIFT, one(1, self.markers)))

        def up_to_marker():
            events = self.listener.of(self.id)
            last = [
                place
                for place, event in enumerate(events, start=1)
                if (event["workout_id"], event["kind"]) == (marker, "best_set_volume")
            ]
            return events[: last[0]] if last else None

        events = eventually(up_to_marker)
        fresh, self.known = events[self.known :], len(events)
        return [event for event in fresh if event["exercise_id"] != DEADLIFT]

    def told(self):
        """Return the same as type, old and new value by kind."""
        found = {}
        for event in self.hears():
            assert event["kind"] not in found, event
            values = [event[name] and event[name]["value"] for name in ("old", "new")]
            found[event["kind"]] = event["type"].removeprefix("record_"), *values
        return found


@pytest.fixture
def lifter(rpc, fresh_user, listener):
    return Lifter(rpc, fresh_user, listener)


def database(system):
    return create_engine(address_of(system, "analytics").url, poolclass=NullPool)


def documented():
    """Return the event that is the example in the documentation."""
    page = (CHECKOUT / "docs" / "nameko.md").read_text()
    (example,) = [text for text in re.findall(r"```json\n(.*?)```", page, re.S) if '"old"' in text]
    return json.loads(example)


def test_a_first_set_is_every_record(lifter):
    begun = datetime.now(UTC) - timedelta(seconds=1)
    workout_id = lifter.log(3, lift(BENCH, one(5, 100)))
    events = lifter.hears()
    first = events[0]
    assert uuid.UUID(first["id"])
    assert len({event["id"] for event in events}) == 5
    assert begun < datetime.fromisoformat(first["happened_at"]) < datetime.now(UTC)
    assert first == {
        "type": "record_set",
        "id": first["id"],
        "user_id": lifter.id,
        "exercise_id": BENCH,
        "exercise_name": lifter.rpc.exercises.get(BENCH)["name"],
        "kind": "max_weight",
        "weight_kg": None,
        "old": None,
        "new": {
            "value": 100,
            "unit": "kg",
            "achieved_date": ago(3),
            "workout_id": workout_id,
        },
        "workout_id": workout_id,
        "happened_at": first["happened_at"],
    }
    assert ["type", *documented()] == list(first)
    shown = lifter.rpc.analytics.exercise_records(lifter.id, BENCH)["records"]
    assert {event["kind"]: event["new"] for event in events} == {
        record["kind"]: {name: record[name] for name in first["new"]} for record in shown
    }


@pytest.mark.slow
@pytest.mark.usefixtures("unheard")
@pytest.mark.parametrize("event_type", ["record_set", "record_revoked"])
def test_it_is_kept_while_nobody_listens(lifter, system, event_type):
    workout_id = lifter.log(3, lift(BENCH, one(5, 100)))
    lifter.delete(workout_id)
    with Connection(system.environment["AMQP_URI"]) as connection:

        def is_there():
            message = connection.default_channel.basic_get(KEPT.format(event_type), no_ack=True)
            return message and f'"workout_id":{workout_id}' in message.body

        eventually(is_there, pause=0)


def test_only_what_is_better_is_told(lifter):
    lifter.log(3, lift(BENCH, one(5, 100)))
    lifter.told()
    lifter.log(2, lift(BENCH, one(5, 100)))
    lifter.log(1, lift(BENCH, one(3, 90), one(20, 200, set_type="warmup")))
    assert lifter.told() == {}
    lifter.log(0, lift(BENCH, one(1, 102.5), one(5, 100)))
    assert lifter.told() == {"max_weight": ("set", 100, 102.5), "max_volume": ("set", 500, 602.5)}


def test_deleting_the_record_brings_back_the_one_before(lifter):
    first = lifter.log(3, lift(BENCH, one(5, 100)))
    second = lifter.log(2, lift(BENCH, one(1, 130)))
    lifter.hears()
    lifter.delete(second)
    events = lifter.hears()
    assert {event["kind"] for event in events} == {"max_weight", "best_e1rm"}
    for event in events:
        assert event["type"] == "record_revoked"
        assert event["workout_id"] == event["old"]["workout_id"] == second
        assert event["new"]["workout_id"] == first
    lifter.delete(first)
    assert lifter.told() == {
        "max_weight": ("revoked", 100, None),
        "max_reps": ("revoked", 5, None),
        "max_volume": ("revoked", 500, None),
        "best_e1rm": ("revoked", 116.67, None),
        "best_set_volume": ("revoked", 500, None),
    }


def test_a_corrected_weight_is_told_either_way(lifter):
    workout_id = lifter.log(3, lift(BENCH, one(1, 100)))
    lifter.log(2, lift(BENCH, one(1, 80)))
    lifter.told()
    lifter.change(workout_id, lift(BENCH, one(1, 110)))
    assert lifter.told()["max_weight"] == ("set", 100, 110)
    lifter.change(workout_id, lift(BENCH, one(1, 70)))
    assert lifter.told()["max_weight"] == ("revoked", 110, 80)
    lifter.change(workout_id, lift(SQUAT, one(1, 70)))
    events = lifter.hears()
    assert {(event["type"], event["exercise_id"], event["kind"]) for event in events} == {
        ("record_revoked", BENCH, "max_reps"),
        *(("record_set", SQUAT, kind) for kind in LIFTED),
    }


def test_a_back_dated_workout_may_be_the_first_or_the_best(lifter):
    lifter.log(3, lift(BENCH, one(2, 100)))
    lifter.told()
    equal = lifter.log(5, lift(BENCH, one(2, 100)))
    events = lifter.hears()
    assert {(event["type"], event["workout_id"]) for event in events} == {("record_revoked", equal)}
    assert all(event["new"]["workout_id"] == equal for event in events)
    lifter.log(9, lift(BENCH, one(1, 90)))
    assert lifter.told() == {}
    lifter.log(4, lift(BENCH, one(2, 101)))
    assert lifter.told()["max_weight"] == ("set", 100, 101)


def test_of_two_workouts_of_a_day_the_earlier_has_the_record(lifter):
    def at(hour):
        return {"started_at": f"{ago(3)}T{hour:02}:00:00Z"}

    lifter.log(3, lift(BENCH, one(1, 100)), **at(18))
    lifter.told()
    morning = lifter.log(3, lift(BENCH, one(1, 100)), **at(7))
    assert {event["new"]["workout_id"] for event in lifter.hears()} == {morning}
    lifter.log(3, lift(BENCH, one(1, 100)), **at(20))
    assert lifter.told() == {}


def test_each_exercise_of_a_workout_has_its_own(lifter):
    lifter.log(3, lift(BENCH, one(1, 100)), lift(SQUAT, one(1, 140)), lift(PLANK, one(60)))
    found = {}
    for event in lifter.hears():
        found.setdefault(event["exercise_id"], []).append(event["kind"])
    assert found == {BENCH: LIFTED, SQUAT: LIFTED, PLANK: ["longest"]}


def exercise_of(lifter, measure):
    return lifter.rpc.exercises.list(measure=measure)["items"][0]["id"]


def test_less_assistance_is_more(lifter):
    pull_ups = exercise_of(lifter, "assisted_reps")
    lifter.log(3, lift(pull_ups, one(5, 30)))
    assert lifter.told() == {"least_assistance": ("set", None, 30), "max_reps": ("set", None, 5)}
    better = lifter.log(2, lift(pull_ups, one(5, 20)))
    assert lifter.told() == {"least_assistance": ("set", 30, 20)}
    lifter.log(1, lift(pull_ups, one(5, 25)))
    assert lifter.told() == {}
    lifter.delete(better)
    assert lifter.told() == {"least_assistance": ("revoked", 20, 25)}


def test_an_exercise_of_one_s_own_is_told_of_by_its_measure_at_once(lifter):
    made = lifter.rpc.exercises.create(lifter.id, {"name": "Band dips", "measure": "assisted_reps"})
    lifter.log(0, lift(made["id"], one(5, 30)))
    assert lifter.told() == {"least_assistance": ("set", None, 30), "max_reps": ("set", None, 5)}


def test_a_weight_has_its_own_longest(lifter):
    plank = exercise_of(lifter, "weight_duration")
    lifter.log(3, lift(plank, one(60, 10), one(30, 25, "lb")))
    lifter.hears()
    lifter.log(2, lift(plank, one(40, 25, "lb"), one(60, 10)))
    (event,) = lifter.hears()
    assert (event["kind"], event["weight_kg"]) == ("longest_at", 11.34)
    assert (event["old"]["value"], event["new"]["value"]) == (30, 40)
    # it stands before another with the same weight
    lifter.log(4, lift(plank, one(50, 25, "lb")))
    (event,) = lifter.hears()
    assert (event["type"], event["old"]["value"], event["new"]["value"]) == ("record_set", 40, 50)


def test_a_rebuild_tells_nothing(lifter, system):
    lifter.log(3, lift(BENCH, one(5, 100)))
    gone = lifter.log(2, lift(BENCH, one(5, 110)))
    lifter.hears()
    with database(system).begin() as connection:
        for table in ("personal_records", "set_records"):
            connection.execute(
                text(f"DELETE FROM {table} WHERE user_id = :user"), {"user": lifter.id}
            )
    lifter.rpc.analytics.rebuild(lifter.id)
    assert lifter.rpc.analytics.personal_records(lifter.id)["records"]
    assert lifter.told() == {}
    lifter.delete(gone)
    assert lifter.told()["max_weight"] == ("revoked", 110, 100)


def doubt(system, lifter):
    """Leave the lifter's records as an earlier version does that counts last."""
    with database(system).begin() as connection:
        connection.execute(
            text(
                "UPDATE exercise_stats SET updated_at = updated_at + interval '1 second' "
                "WHERE user_id = :user"
            ),
            {"user": lifter.id},
        )
        connection.execute(
            text("DELETE FROM set_records WHERE user_id = :user"), {"user": lifter.id}
        )


def test_what_an_earlier_version_has_counted_is_not_told_as_new(lifter, system):
    lifter.log(3, lift(BENCH, one(5, 100)))
    lifter.told()
    doubt(system, lifter)
    lifter.rpc.analytics.exercise_records(lifter.id, BENCH)
    assert lifter.told() == {}
    doubt(system, lifter)
    lifter.log(2, lift(BENCH, one(1, 105)))
    assert lifter.told() == {"max_weight": ("set", 100, 105)}


def test_while_one_process_empties_the_outbox_another_leaves_it_alone(lifter, system):
    lifter.hears()
    engine = database(system)
    with engine.begin() as holding:
        holding.execute(text("SELECT pg_advisory_xact_lock(7306, 1)"))
        workout_id = lifter.log(3, lift(BENCH, one(5, 100)))
        lifter.log(2, lift(BENCH, one(6, 100)))
        records = lifter.rpc.analytics.exercise_records(lifter.id, BENCH)["records"]
        assert records[1]["value"] == 6
        with engine.begin() as connection:
            waiting = connection.execute(
                text("SELECT count(*) FROM record_events WHERE user_id = :user"),
                {"user": lifter.id},
            )
            assert waiting.scalar() == 9
        assert lifter.listener.of(lifter.id)[-1]["workout_id"] != workout_id
    events = lifter.hears()
    assert [event["type"] for event in events] == ["record_set"] * 9
    assert [event["workout_id"] for event in events[:5]] == [workout_id] * 5


def test_many_events_are_sent_in_their_order(lifter, system):
    lifter.hears()
    count = 2 * record_outbox.AT_ONCE + 1
    with database(system).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO record_events (event_type, user_id, exercise_name, payload) "
                "SELECT 'record_set', :user, 'Squat', json_build_object('user_id', :user, "
                "'exercise_id', 2, 'workout_id', n, 'kind', 'max_weight', "
                "'old', null, 'new', null) FROM generate_series(1, :count) n"
            ),
            {"user": lifter.id, "count": count},
        )
    events = lifter.hears()
    assert [event["workout_id"] for event in events] == list(range(1, count + 1))


def test_an_event_that_no_message_can_carry_holds_up_no_other(lifter, system):
    lifter.hears()
    with database(system).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO record_events (event_type, user_id, payload) VALUES ('record_set', "
                ":user, json_build_object('user_id', :user, 'text', repeat('x', :size)))"
            ),
            {"user": lifter.id, "size": budgets.LARGEST_MESSAGE},
        )
    workout_id = lifter.log(3, lift(BENCH, one(5, 100)))
    assert {event["workout_id"] for event in lifter.hears()} == {workout_id}


@pytest.mark.slow
def test_an_import_and_its_undo_tell_nothing(lifter):
    lifter.log(200, lift(BENCH, one(5, 50)))
    assert lifter.hears()
    imports = Imports(lifter.rpc, lifter.id)
    sets = [("Bench Press (Barbell)", weight, 5) for weight in (80, 90)]
    done = imports.bring(text_of(*(strong(f"{ago(day)} 10:00:00", *sets) for day in (120, 90))))

    def best():
        ask = lifter.rpc.analytics.exercise_records
        found = {each["kind"]: each["value"] for each in ask(lifter.id, BENCH)["records"]}
        return found["max_weight"]

    eventually(lambda: best() == 90, seconds=20)
    assert lifter.hears() == []
    imports.undo(done["id"])
    eventually(lambda: best() == 50, seconds=20)
    assert lifter.hears() == []
    lifter.log(1, lift(BENCH, one(5, 60)))
    assert lifter.told()["max_weight"] == ("set", 50, 60)
