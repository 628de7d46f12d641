"""One summary for each user and week, whatever happens: the job, and the call by hand."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import BusinessRuleViolation, InvalidParameter, NotFound
from schemas.webhooks import WEEKLY_SUMMARY
from services.notifications.rules import messages
from services.process import cells
from services.process.cells import bucket_of
from stack import faketime
from tests.api.described import described
from tests.faults.deputies import instead_of, with_wrong_clocks
from tests.services.clients import all_fine, at_once
from tests.services.databases import address_of
from tests.services.listening import Listener
from tests.services.logbook import body, lift, one, today
from tests.services.recount import SEED_REP_TYPES, Recount
from tests.waiting import eventually

BENCH, PLANK = 1, 6
AUCKLAND, HONOLULU = "Pacific/Auckland", "Pacific/Honolulu"
PASSWORD = "correct horse battery"
JOB_SECONDS = 40
SETTLED = timedelta(minutes=30)


@pytest.fixture(scope="module")
def listener(system):
    listener = Listener(system.environment["AMQP_URI"], "analytics", "weekly_summary_ready")
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def database(system):
    engine = create_engine(address_of(system, "analytics").url, poolclass=NullPool)
    yield engine
    engine.dispose()


class Lifter:
    """A user who trains, and what becomes of it."""

    def __init__(self, rpc, user_id, database, listener):
        self.rpc = rpc
        self.id = user_id
        self.database = database
        self.listener = listener

    def log(self, day, *exercises, **more):
        given = body(day.isoformat(), *(exercises or [lift(BENCH, one(5, 100))]), **more)
        workout = self.rpc.workouts.create(self.id, given)["workout"]
        self.rpc.analytics.process_workout(workout["id"])
        return workout["id"]

    def stored(self):
        """Return the summaries that were made, by their weeks."""
        statement = "SELECT week, summary FROM weekly_summaries WHERE user_id = :user_id"
        with self.database.connect() as connection:
            return dict(connection.execute(text(statement), {"user_id": self.id}).all())

    def has(self, *weeks):
        """Assert that there is just one summary of each of these weeks, in a row and an event."""
        eventually(lambda: {*self.stored()} >= {*weeks}, seconds=JOB_SECONDS)
        eventually(lambda: len(self.listener.of(self.id)) >= len(weeks))
        events = self.listener.of(self.id)
        assert sorted(event["week"] for event in events) == sorted(weeks)
        assert {event["week"]: event["summary"] for event in events} == self.stored()
        assert len({event["id"] for event in events}) == len(weeks)
        for event in events:
            message = messages.of_event(WEEKLY_SUMMARY, event)
            described().check_content(json.loads(message.body))

    def recounted(self, monday, goal=1):
        found = self.rpc.workouts.list(self.id, limit=100)["items"]
        workouts = [self.rpc.workouts.get(item["id"]) for item in found]
        exercises = {key: self.rpc.exercises.get(key) for key in SEED_REP_TYPES}
        muscles_of = {
            key: (exercise["primary_muscles"], exercise["secondary_muscles"])
            for key, exercise in exercises.items()
        }
        recount = Recount(workouts, SEED_REP_TYPES, monday + timedelta(days=7))
        return recount.weekly_summary(monday, muscles_of, goal)


@pytest.fixture
def make(rpc, database, listener):
    """Open accounts, whose settings can be changed."""

    def register(**settings):
        credentials = {"email": f"{uuid.uuid4().hex}@example.com", "password": PASSWORD}
        user_id = rpc.users.register(credentials)["id"]
        if settings:
            rpc.users.update_profile(user_id, settings)
        return Lifter(rpc, user_id, database, listener)

    return register


@pytest.fixture
def lifter(rpc, fresh_user, database, listener):
    return Lifter(rpc, fresh_user, database, listener)


def monday_of(day):
    return day - timedelta(days=day.weekday())


def name_of(monday):
    return f"{monday:%G-W%V}"


# --- by hand


@pytest.mark.parametrize(
    "monday",
    [
        date(2020, 12, 28),  # the 53rd week
        date(2025, 10, 20),  # clocks are put back on the Sunday
        date(2025, 3, 24),  # and forward
        date(2024, 12, 30),  # the first week of 2025
    ],
)
def test_it_is_right_to_the_set(make, monday):
    lifter = make(weekly_goal=2, time_zone="Europe/Berlin")
    for days, weight, minutes in ((-22, 90, 40), (-1, 95, None), (0, 97.5, 61), (6, 100.25, 30)):
        sets = [one(5, weight, rpe=8), one(8, 225, "lb", rir=1), one(9, 20, set_type="warmup")]
        day = monday + timedelta(days=days)
        lifter.log(day, lift(BENCH, *sets), lift(PLANK, one(90.5)), duration_minutes=minutes)
    lifter.log(monday + timedelta(days=7))

    made = lifter.rpc.analytics.summarise_week(lifter.id, name_of(monday))
    assert made["is_new"] is True
    assert made["summary"] == lifter.recounted(monday, goal=2)
    assert lifter.stored()[name_of(monday)] == made["summary"]


def test_it_is_made_once_however_often_and_by_whomever(system, lifter):
    monday = date(2021, 5, 3)
    lifter.log(monday)

    def ask(rpc):
        return rpc.analytics.summarise_week(lifter.id, "2021-W18")

    made = all_fine(at_once(system, *[ask] * 6))
    assert sum(each["is_new"] for each in made) == 1
    assert all({**each, "is_new": 0} == {**made[0], "is_new": 0} for each in made)
    # what was made stays as it was, and what is shown does not
    lifter.log(monday)
    again = ask(lifter.rpc)
    assert again == {**made[0], "is_new": False}
    assert lifter.rpc.analytics.weekly_summary(lifter.id, "2021-W18")["workouts"]["value"] == 2
    lifter.has("2021-W18")


def test_a_week_without_training_or_that_runs_makes_none(lifter):
    lifter.log(today())
    with pytest.raises(NotFound):
        lifter.rpc.analytics.summarise_week(lifter.id, "2021-W18")
    with pytest.raises(BusinessRuleViolation):
        lifter.rpc.analytics.summarise_week(lifter.id, name_of(today()))
    for week in ("2021-W53", None, 18):
        with pytest.raises(InvalidParameter):
            lifter.rpc.analytics.summarise_week(lifter.id, week)
    assert lifter.stored() == {}


# --- the job


@pytest.mark.slow
def test_of_several_weeks_only_the_last_that_has_ended(make):
    lifter, idle = make(weekly_goal=1), make(weekly_goal=1)
    last = monday_of(today()) - timedelta(weeks=1)
    for back in (0, 1, 2):
        lifter.log(last - timedelta(weeks=back))
    # trained, but not in that week
    idle.log(last - timedelta(weeks=1))
    idle.log(today())
    lifter.has(name_of(last))
    assert lifter.stored()[name_of(last)] == lifter.recounted(last)
    assert idle.stored() == {}


@pytest.fixture
def put_bucket(database):
    """Say what the bucket of a user is here, and take all of it back in the end."""

    def put(user_id, state):
        statement = text("INSERT INTO bucket_states VALUES (:bucket, :state, 'b')")
        with database.begin() as connection:
            connection.execute(statement, {"bucket": bucket_of(user_id), "state": state})

    yield put
    take_back(database)


def take_back(database):
    with database.begin() as connection:
        connection.execute(text("DELETE FROM bucket_states"))


@pytest.mark.slow
def test_who_is_on_the_way_to_another_cell_gets_none_here(make, database, put_bucket):
    lifter, moved, back = make(), make(), make()
    last = monday_of(today()) - timedelta(weeks=1)
    put_bucket(moved.id, cells.LEAVING)
    put_bucket(back.id, cells.HERE)
    moved.log(last)
    lifter.log(last)
    back.log(last)
    lifter.has(name_of(last))
    back.has(name_of(last))
    assert moved.stored() == {}
    # as if the move had been given up
    take_back(database)
    moved.has(name_of(last))


@pytest.mark.slow
def test_who_is_erased_goes_with_all_summaries(make, database):
    lifter = make(weekly_goal=3)
    lifter.log(monday_of(today()) - timedelta(weeks=1))
    lifter.has(name_of(monday_of(today()) - timedelta(weeks=1)))
    lifter.rpc.users.delete_account(lifter.id, {"password": PASSWORD})

    def is_gone():
        with database.connect() as connection:
            counted = (
                "SELECT (SELECT count(*) FROM user_settings WHERE user_id = :user_id)"
                " + (SELECT count(*) FROM weekly_summaries WHERE user_id = :user_id)"
            )
            return connection.execute(text(counted), {"user_id": lifter.id}).scalar() == 0

    eventually(is_gone, seconds=JOB_SECONDS)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_process_that_dies_in_the_middle(system, make, place):
    lifter = make(weekly_goal=1)
    week = monday_of(today()) - timedelta(weeks=1)
    with instead_of(system, "analytics", f"analytics.{place}_summaries:exit:1") as deputy:
        lifter.log(week)
        eventually(lambda: system.supervisor.restarts().get(deputy, 0) >= 1, seconds=JOB_SECONDS)
        assert len(lifter.stored()) == (1 if place == "after" else 0)
    lifter.has(name_of(week))
    assert lifter.stored()[name_of(week)] == lifter.recounted(week)


@pytest.fixture(scope="module")
def library():
    found = faketime.find()
    if found is None:
        pytest.skip("libfaketime is not installed")
    return found


def seconds_to_monday(time_zone):
    """Return how far it is to the next Monday at 00:30 in a zone, and the week that ends then."""
    now = datetime.now(ZoneInfo(time_zone))
    monday = monday_of(now.date()) + timedelta(weeks=1)
    then = datetime.combine(monday, datetime.min.time(), now.tzinfo) + SETTLED
    seconds = int((then.astimezone(UTC) - now.astimezone(UTC)).total_seconds())
    return seconds, monday - timedelta(weeks=1)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_when_it_is_monday_where_they_are(system, library, make):
    seconds, week = seconds_to_monday(AUCKLAND)
    here, there, moves = make(time_zone=AUCKLAND), make(time_zone=HONOLULU), make()
    moves.rpc.users.update_profile(moves.id, {"time_zone": AUCKLAND})
    nobody = make()
    for lifter in (here, there, moves, nobody):
        lifter.log(week)

    with with_wrong_clocks(system, library, analytics=seconds):
        here.has(name_of(week))
        moves.has(name_of(week))
        assert there.stored() == nobody.stored() == {}

    # back to Sunday, so the same week ends once more where this user is now
    moves.rpc.users.update_profile(moves.id, {"time_zone": HONOLULU})
    moves.log(week)
    with with_wrong_clocks(system, library, analytics=seconds_to_monday(HONOLULU)[0]):
        there.has(name_of(week))
        nobody.has(name_of(week))
        # behind those that were due, by the order of ids, and not made again
        moves.has(name_of(week))
    assert here.stored()[name_of(week)] == here.recounted(week)
    assert there.stored()[name_of(week)] == there.recounted(week)
    assert moves.stored()[name_of(week)]["workouts"]["value"] == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_clock_that_jumps_to_and_fro(system, library, make):
    seconds, week = seconds_to_monday(HONOLULU)
    lifters = [make(time_zone=HONOLULU) for _ in range(4)]
    for lifter in lifters:
        lifter.log(week)
        lifter.log(week - timedelta(weeks=1))
    for lifter in lifters:
        lifter.has(name_of(week - timedelta(weeks=1)))
    for _ in range(2):
        with with_wrong_clocks(system, library, analytics=seconds):
            for lifter in lifters:
                lifter.has(name_of(week - timedelta(weeks=1)), name_of(week))
