"""Sets by muscle and week, over RPC: sentence by sentence, and against a recount by hand."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import InvalidParameter
from tests.services.catalogue_changes import OwnExercises
from tests.services.databases import address_of
from tests.services.logbook import ago, body, lift, one, today
from tests.services.muscle_recount import recount
from tests.waiting import eventually

BENCH, SQUAT, RUNNING, PLANK = 1, 2, 5, 6
BENCH_MUSCLES = {"chest": 1, "triceps": 1, "shoulders": 0.5}
WARMUP = {"set_type": "warmup"}


@pytest.fixture
def own(system):
    with OwnExercises(system) as own:
        yield own


@pytest.fixture
def lifter(rpc, fresh_user):
    return Lifter(rpc, fresh_user)


class Lifter:
    """A user who logs workouts and looks at the muscles."""

    def __init__(self, rpc, user_id):
        self.rpc = rpc
        self.id = user_id

    def log(self, *exercises, day=None):
        given = body(day or ago(0), *exercises)
        workout = self.rpc.workouts.create(self.id, given)["workout"]
        self.rpc.analytics.process_workout(workout["id"])
        return workout["id"]

    def change(self, workout_id, **changes):
        self.rpc.workouts.update(self.id, workout_id, changes)
        self.rpc.analytics.process_workout(workout_id)

    def delete(self, workout_id):
        self.rpc.workouts.delete(self.id, workout_id)
        self.rpc.analytics.process_workout(workout_id)

    def make(self, name, **muscles):
        values = {"name": name, "measure": "weight_reps", **muscles}
        return self.rpc.exercises.create(self.id, values)["id"]

    def weeks(self, weeks=1, **settings):
        return self.rpc.analytics.muscles(self.id, weeks=weeks, **settings)["weeks"]

    def muscles(self, **settings):
        """Return all muscles of this week."""
        return {each["muscle"]: each for each in self.weeks(**settings)[-1]["muscles"]}

    def sets(self, **settings):
        return {muscle: each["sets"] for muscle, each in self.muscles(**settings).items()}

    def will_have(self, **sets):
        eventually(lambda: self.sets() == sets)


def sets(count, *more):
    return [one(5, 60) for _ in range(count)] + list(more)


def times(count, shares):
    return {muscle: share * count for muscle, share in shares.items()}


def test_sets_count_by_the_muscles_of_their_exercise(lifter):
    lifter.log(lift(BENCH, *sets(3, one(10, 20, **WARMUP))), lift(BENCH, *sets(1)))
    assert lifter.sets() == times(4, BENCH_MUSCLES)
    assert lifter.muscles()["shoulders"] == {
        "muscle": "shoulders",
        "sets": 2,
        "hard_sets": 0,
        "rated_sets": 0,
        "days": 1,
        "judged": "below",
    }
    lifter.log(lift(RUNNING, one(5000)), lift(PLANK, one(60)), lift(SQUAT, one(10, 20, **WARMUP)))
    assert "quadriceps" not in lifter.sets()
    assert lifter.sets().items() >= {"core": 1.5, "shoulders": 2.5, "legs": 1}.items()


@pytest.mark.parametrize(
    ("effort", "rated", "hard"),
    [
        ({"rir": 3}, 1, 1),
        ({"rir": 3.5}, 1, 0),
        ({"rpe": 7}, 1, 1),
        ({"rpe": 6.5}, 1, 0),
        ({"set_type": "failure"}, 1, 1),
        ({"set_type": "failure", "rir": 4}, 1, 0),
        ({}, 0, 0),
        ({**WARMUP, "rir": 0}, 0, 0),
    ],
)
def test_hard_sets_are_those_that_left_at_most_three_repetitions(lifter, effort, rated, hard):
    lifter.log(lift(BENCH, one(5, 60), one(5, 60, **effort)))
    chest = lifter.muscles()["chest"]
    assert (chest["rated_sets"], chest["hard_sets"]) == (rated, hard)


def test_every_change_of_a_workout_counts_at_once(lifter):
    first = lifter.log(lift(BENCH, *sets(2)))
    second = lifter.log(lift(BENCH, *sets(1)))
    assert lifter.sets()["chest"] == 3
    lifter.change(first, exercises=[lift(BENCH, *sets(5)), lift(SQUAT, *sets(1))])
    assert lifter.sets().items() >= {"chest": 6, "quadriceps": 1}.items()
    lifter.change(first, date=ago(7))
    [before, running] = lifter.weeks(2)
    assert {each["muscle"]: each["sets"] for each in before["muscles"]}["chest"] == 5
    assert {each["muscle"]: each["sets"] for each in running["muscles"]} == BENCH_MUSCLES
    lifter.delete(second)
    assert lifter.weeks(2)[1]["muscles"] == []
    lifter.delete(first)
    assert [each["muscles"] for each in lifter.weeks(2)] == [[], []]


def test_a_changed_exercise_of_the_catalogue_changes_what_was_trained(lifter, own):
    exercise_id = own.add("Jefferson Squat")
    own.change(exercise_id, primary_muscles='["quadriceps"]')
    lifter.log(lift(exercise_id, *sets(2)))
    lifter.will_have(quadriceps=2)
    own.change(exercise_id, primary_muscles='["glutes"]', secondary_muscles='["quadriceps"]')
    lifter.will_have(glutes=2, quadriceps=1)


def test_a_changed_private_exercise_does_so_too(lifter):
    exercise_id = lifter.make("Gorilla Row", primary_muscles=["lats"])
    lifter.log(lift(exercise_id, *sets(2)))
    lifter.will_have(lats=2)
    changes = {"primary_muscles": ["middle back"], "secondary_muscles": ["lats", "biceps"]}
    lifter.rpc.exercises.update(lifter.id, exercise_id, changes)
    lifter.will_have(**{"middle back": 2, "lats": 1, "biceps": 1})


def test_own_muscles_come_first_each_list_by_itself(lifter, rpc, fresh_user):
    lifter.log(lift(BENCH, *sets(2)))
    stranger = Lifter(rpc, fresh_user + 2**31)
    stranger.log(lift(BENCH, *sets(2)))
    rpc.exercises.set_mine(lifter.id, BENCH, {"primary_muscles": ["triceps"]})
    lifter.will_have(triceps=2, shoulders=1)
    rpc.exercises.set_mine(lifter.id, BENCH, {"secondary_muscles": []})
    lifter.will_have(triceps=2)
    rpc.exercises.set_mine(lifter.id, BENCH, {"primary_muscles": [], "notes": "For nothing"})
    lifter.will_have()
    rpc.exercises.set_mine(lifter.id, BENCH, {"primary_muscles": None})
    lifter.will_have(chest=2, triceps=2)
    rpc.exercises.set_mine(lifter.id, BENCH, {"secondary_muscles": None, "notes": None})
    lifter.will_have(chest=2, triceps=2, shoulders=1)
    assert stranger.sets() == times(2, BENCH_MUSCLES)


def test_what_was_merged_counts_as_what_it_was_merged_into(lifter):
    exercise_id = lifter.make("Bench at home", primary_muscles=["biceps"])
    lifter.log(lift(exercise_id, *sets(2)))
    lifter.log(lift(exercise_id, *sets(1)), lift(BENCH, *sets(1)))
    eventually(lambda: lifter.sets() == times(1, BENCH_MUSCLES) | {"biceps": 3})
    lifter.rpc.exercises.merge(lifter.id, exercise_id, BENCH)
    eventually(lambda: lifter.sets() == times(4, BENCH_MUSCLES))


def test_the_band_is_the_user_s(lifter):
    lifter.log(lift(BENCH, *sets(4)))
    answer = lifter.rpc.analytics.muscles(lifter.id, 1, least_sets=3, most_sets=3)
    assert answer["band"] == {"least": 3, "most": 3}
    judged = {each["muscle"]: each["judged"] for each in answer["weeks"][0]["muscles"]}
    assert judged == {"chest": "above", "triceps": "above", "shoulders": "below"}
    assert lifter.rpc.analytics.muscles(lifter.id)["band"] == {"least": 10, "most": 20}
    assert lifter.muscles(least_sets=4)["chest"]["judged"] == "within"


def test_weeks_are_as_many_as_were_asked_for(lifter):
    assert [each["muscles"] for each in lifter.weeks(53)] == [[]] * 53
    lifter.log(lift(BENCH, *sets(1)), day=ago(14))
    lifter.log(lift(BENCH, *sets(2)), day=ago(7 * 53))
    assert len(lifter.rpc.analytics.muscles(lifter.id)["weeks"]) == 12
    found = lifter.weeks(53)
    assert [each["muscles"] != [] for each in found] == [False] * 50 + [True, False, False]
    starts = [each["start"] for each in found]
    assert starts == sorted(starts)
    monday = today() - timedelta(today().weekday())
    assert (starts[-1], found[-1]["week"]) == (monday.isoformat(), monday.strftime("%G-W%V"))
    assert [each["muscles"] for each in lifter.weeks(2)] == [[], []]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"])
def test_the_running_week_is_that_of_where_the_user_is(lifter, zone):
    """Between the first two it is never the same day, and one of them is sometimes a Monday."""
    local = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    lifter.log(lift(BENCH, *sets(1)), day=local.isoformat())
    [running] = lifter.weeks(time_zone=zone)
    assert running["week"] == local.strftime("%G-W%V")
    assert running["muscles"] != []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"weeks": 0}, "weeks"),
        ({"weeks": 54}, "weeks"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"least_sets": 0}, "least_sets"),
        ({"most_sets": 101}, "most_sets"),
        ({"least_sets": 21}, "least_sets"),
        ({"most_sets": 9}, "least_sets"),
    ],
)
def test_what_can_not_be_asked(lifter, query, field):
    with pytest.raises(InvalidParameter) as refusal:
        lifter.rpc.analytics.muscles(lifter.id, **query)
    assert [fault["field"] for fault in refusal.value.faults] == [field]


def test_own_muscles_of_a_user_who_was_erased_are_not_kept(lifter, system):
    engine = create_engine(address_of(system, "analytics").url, poolclass=NullPool)
    kept = text("SELECT count(*) FROM own_muscles WHERE user_id = :id")

    def count():
        with engine.connect() as connection:
            return connection.execute(kept, {"id": lifter.id}).scalar_one()

    lifter.rpc.exercises.set_mine(lifter.id, BENCH, {"primary_muscles": ["triceps"]})
    eventually(lambda: count() == 1)
    with engine.begin() as connection:
        statement = text("INSERT INTO erased_users (user_id) VALUES (:id)")
        connection.execute(statement, {"id": lifter.id})
    eventually(lambda: count() == 0, seconds=20)
    # the exercises service has not heard of it, and tells more
    lifter.rpc.exercises.set_mine(lifter.id, BENCH, {"primary_muscles": ["chest"]})
    other = lifter.id + 2**31
    lifter.rpc.exercises.set_mine(other, BENCH, {"primary_muscles": ["chest"]})
    with engine.connect() as connection:
        eventually(lambda: connection.execute(kept, {"id": other}).scalar_one() == 1)
    assert count() == 0


EXERCISES = [BENCH, SQUAT, 3, 4, RUNNING, PLANK]
DAYS_BACK = [-1, 0, 1, 3, 6, 7, 8, 13, 14, 40, 83, 84, 90, 200, 365, 372]
EFFORTS = [{}, {"rir": 0}, {"rir": 3}, {"rir": 3.5}, {"rpe": 6}, {"rpe": 7.5}]
SET_TYPES = ["warmup", "normal", "normal", "failure", "drop"]


class RandomLog:
    """Logs, changes, moves and deletes workouts, as a seed decides."""

    def __init__(self, lifter, seed):
        self.lifter = lifter
        self.chance = random.Random(seed)
        self.there = []

    def step(self):
        action = self.chance.choice([self.log, self.log, self.replace, self.move, self.delete])
        if self.there or action == self.log:
            action()

    def log(self):
        day = ago(self.chance.choice(DAYS_BACK))
        self.there.append(self.lifter.log(*self.exercises(), day=day))

    def replace(self):
        self.lifter.change(self.chance.choice(self.there), exercises=self.exercises())

    def move(self):
        day = ago(self.chance.choice(DAYS_BACK))
        self.lifter.change(self.chance.choice(self.there), date=day)

    def delete(self):
        self.lifter.delete(self.there.pop(self.chance.randrange(len(self.there))))

    def exercises(self):
        choose = self.chance.choice
        return [
            lift(
                choose(EXERCISES),
                *(
                    one(choose([0, 1, 8]), choose([None, 60]), set_type=choose(SET_TYPES))
                    | choose(EFFORTS)
                    for _ in range(self.chance.randrange(1, 5))
                ),
            )
            for _ in range(self.chance.randrange(1, 4))
        ]

    def workouts(self):
        return [self.lifter.rpc.workouts.get(workout_id) for workout_id in self.there]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_it_equals_a_recount_by_hand(lifter, seed):
    log = RandomLog(lifter, seed)
    own = {"primary_muscles": ["core", "glutes"], "secondary_muscles": ["quadriceps", "core"]}
    lifter.rpc.exercises.set_mine(lifter.id, SQUAT, own)
    for _ in range(25):
        log.step()
    found = {each["id"]: each for each in lifter.rpc.exercises.get_many(EXERCISES)}
    found[SQUAT] = own
    names = ("primary_muscles", "secondary_muscles")
    muscles_of = {key: tuple(each[name] for name in names) for key, each in found.items()}

    def is_counted(count, least, most):
        band = {"least_sets": least, "most_sets": most}
        answer = lifter.rpc.analytics.muscles(lifter.id, count, **band)
        assert answer == recount(log.workouts(), muscles_of, count, today(), least, most)
        return True

    for count, least, most in ((1, 10, 20), (12, 1, 2), (53, 3, 9)):
        eventually(lambda asked=(count, least, most): is_counted(*asked))
