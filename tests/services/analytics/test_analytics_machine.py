"""Analytics as a state machine: whatever happens to workouts, in whatever order it is told.

The model is a dictionary of the workouts as they were acknowledged, and a recount of them by hand.
Events are sent as the gateway sends them: late, twice, in another order, or not at all.
"""

import itertools
import json
import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from nameko.standalone.events import event_dispatcher

from schemas.errors import NotFound
from tests.services.catalogue_changes import UNITS, OwnExercises
from tests.services.logbook import ago, body, lift, one, today
from tests.services.recount import PERIODS, SEED_REP_TYPES, Recount
from tests.waiting import eventually

EXERCISES = (1, 2, 5, 6)
CHANGING = 0
"""Stands for an exercise that is renamed, and counts something else, whenever the machine wants."""

OWN = (-1, -2)
"""Stand for private exercises, or what they are merged into."""

EXAMPLES, STEPS = 12, 14
KINDS = ("workout_created", "workout_updated", "workout_deleted")

days = st.integers(min_value=0, max_value=70).map(ago)
weights = st.sampled_from([None, 0, 20, 60, 100, 100, 102.5, 225.01])
sets = st.builds(
    one,
    st.sampled_from([0, 1, 5, 5, 8, 12.5]),
    weights,
    st.sampled_from(["kg", "kg", "lb"]),
    set_type=st.sampled_from(["normal", "normal", "warmup", "amrap"]),
    rpe=st.sampled_from([None, 7, 8.5]),
)
lifts = st.builds(
    lambda exercise_id, done: lift(exercise_id, *done),
    st.sampled_from([*EXERCISES, CHANGING, *OWN, *OWN]),
    st.lists(sets, max_size=3),
)
exercise_lists = st.lists(lifts, max_size=3)
durations = st.sampled_from([None, 0, 45, 60])


class Analytics(RuleBasedStateMachine):
    """One user's workouts, and what analytics makes of them."""

    # kept apart: Hypothesis looks for attributes, and an RPC client has every one there is
    world = None

    living = Bundle("living")
    all_ever = Bundle("all_ever")

    def __init__(self):
        super().__init__()
        self.user_id = next(self.world.user_ids)
        self.known = {}
        self.dead = {}
        self.logged = {}
        made = {place: self.world.make_own(self.user_id) for place in OWN}
        self.own = {place: exercise["id"] for place, exercise in made.items()}
        self.names = {exercise["id"]: exercise["name"] for exercise in made.values()}
        self.real = {CHANGING: self.world.changing, **self.own}
        self.exercises = [*EXERCISES, self.world.changing, *self.own.values()]

    @rule(target=living, day=days, done=exercise_lists, minutes=durations)
    def create(self, day, done, minutes):
        workout = self.world.rpc.workouts.create(
            self.user_id, body(day, *self._real(done), duration_minutes=minutes)
        )["workout"]
        self.known[workout["id"]] = workout
        self._note_kind(workout["id"])
        return workout["id"]

    @rule(target=all_ever, workout_id=living)
    def remember(self, workout_id):
        return workout_id

    @rule(workout_id=living, done=exercise_lists)
    def edit(self, workout_id, done):
        self._change(workout_id, exercises=self._real(done))
        self._note_kind(workout_id)

    @rule(kind=st.sampled_from(["count", "time", "distance"]))
    def correct_the_exercise(self, kind):
        self.world.correct(kind)
        self._agrees_soon()

    @rule(source=st.sampled_from(OWN), into=st.sampled_from([1, 1, 2, CHANGING, *OWN]))
    def merge(self, source, into):
        """Merge it, if it is still there, into another one."""
        own, other = self.own[source], self.real.get(into, into)
        if own == other or self.real[source] != own:
            return
        name = {**self.names, **self.world.names}[other]
        ask = self.world.rpc.workouts.merge_exercise
        assert ask(self.user_id, own, {"id": other, "name": name})["done"]
        self.real = {place: other if key == own else key for place, key in self.real.items()}
        for workout in self.known.values():
            self._merge_in(workout, own, other)

    def _merge_in(self, workout, own, other):
        """Of a workout that has both, the first one says for all sets what they count."""
        done = [each for each in workout["exercises"] if each["exercise_id"] in (own, other)]
        if any(each["exercise_id"] == own for each in done):
            kind = self.logged.get((workout["id"], done[0]["exercise_id"]))
            if kind:
                self.logged[workout["id"], other] = kind
            for each in done:
                each["exercise_id"] = other
            workout["version"] += 1

    @rule(workout_id=living, day=days)
    def change_the_date(self, workout_id, day):
        self._change(workout_id, date=day)

    @rule(target=all_ever, workout_id=consumes(living))
    def delete(self, workout_id):
        if workout_id in self.known:
            self.world.rpc.workouts.delete(self.user_id, workout_id)
            self.dead[workout_id] = self.known.pop(workout_id)
        return workout_id

    @rule(target=living, count=st.integers(2, 3), day=days, done=exercise_lists)
    def create_several_on_one_day(self, count, day, done):
        return multiple(*(self.create(day, done, None) for _ in range(count)))

    @rule(told=st.lists(st.tuples(all_ever, st.sampled_from(KINDS)), max_size=4))
    def tell(self, told):
        for workout_id, kind in told:
            self._dispatch(workout_id, kind)

    @rule(
        target=living,
        told=st.lists(st.tuples(days, exercise_lists, st.booleans()), min_size=2, max_size=6),
        order=st.randoms(use_true_random=False),
    )
    def tell_of_several_at_once(self, told, order):
        """Events that come together are counted together, also of one workout."""
        created, events = [], []
        for day, done, is_edited in told:
            workout_id = self.create(day, done, 45)
            created.append(workout_id)
            events.append((workout_id, "workout_created"))
            if is_edited:
                done = self._real(done[::-1])
                self._change(workout_id, exercises=done, duration_minutes=None)
                events.append((workout_id, "workout_updated"))
        order.shuffle(events)
        for workout_id, kind in events:
            self._dispatch(workout_id, kind)
        return multiple(*created)

    @rule(workout_id=all_ever, times=st.integers(1, 2))
    def process(self, workout_id, times):
        for _ in range(times):
            self.world.rpc.analytics.process_workout(workout_id)

    @rule(order=st.randoms(use_true_random=False))
    def process_all(self, order):
        self._settle(order)
        self._assert_recounted()

    @rule()
    def rebuild(self):
        self.world.rpc.analytics.rebuild(self.user_id)
        self._settle(random)
        self._assert_recounted()

    @invariant()
    def nobody_elses_workouts(self):
        assert {workout["user_id"] for workout in self.known.values()} <= {self.user_id}

    def teardown(self):
        # nobody helps any more: events and the change feed bring it about
        self._agrees_soon()

    def _real(self, done):
        return [
            {**each, "exercise_id": self.real.get(each["exercise_id"], each["exercise_id"])}
            for each in done
        ]

    def _note_kind(self, workout_id):
        """What is logged now counts as it counts now, whatever comes later."""
        self.logged[workout_id, self.world.changing] = self.world.kind
        for own in self.own.values():
            self.logged[workout_id, own] = "count"

    def _agrees_soon(self):
        """What was logged before the correction is on its way, maybe."""
        eventually(self._agrees, seconds=30)

    def _dispatch(self, workout_id, kind):
        workout = self.known.get(workout_id) or self.dead[workout_id]
        event = {
            "workout_id": workout_id,
            "user_id": self.user_id,
            "version": random.randint(1, workout["version"]),
            "date": workout["date"],
        }
        self.world.dispatch("gateway", kind, event)

    def _change(self, workout_id, **changes):
        if workout_id in self.known:
            self.known[workout_id] = self.world.rpc.workouts.update(
                self.user_id, workout_id, changes
            )

    def _settle(self, order):
        ids = [*self.known, *self.dead]
        order.shuffle(ids)
        for workout_id in ids:
            self.world.rpc.analytics.process_workout(workout_id)

    def _agrees(self):
        self._assert_recounted()
        return True

    def _assert_recounted(self):
        day = today()
        answers, expected = self._answers(), self._recount()
        if today() != day:
            answers, expected = self._answers(), self._recount()
        for found, counted in zip(answers, expected, strict=True):
            assert json.dumps(found, sort_keys=True) == json.dumps(counted, sort_keys=True)

    def _answers(self):
        ask = self.world.rpc.analytics
        return [
            ask.personal_records(self.user_id),
            *(ask.progress(self.user_id, period) for period in PERIODS),
            *(
                ask.exercise_history(self.user_id, key, range="all", unit=unit)
                for key in self.exercises
                for unit in ("day", "month")
            ),
            *(ask.exercise_history(self.user_id, key) for key in self.exercises),
        ]

    def _recount(self):
        kinds = {**SEED_REP_TYPES, self.world.changing: self.world.kind}
        kinds |= dict.fromkeys(self.own.values(), "count")
        names = {**self.names, **self.world.names}
        recount = Recount(list(self.known.values()), kinds, today(), self.logged, names)
        return [
            recount.personal_records(),
            *(recount.progress(period) for period in PERIODS),
            *(
                recount.exercise_history(key, "all", unit, names[key])
                for key in self.exercises
                for unit in ("day", "month")
            ),
            *(recount.exercise_history(key, name=names[key]) for key in self.exercises),
        ]


class World:
    """What all examples share: the running system, and the exercise that changes."""

    def __init__(self, system, rpc, own):
        self.rpc = rpc
        self.dispatch = event_dispatcher({"AMQP_URI": system.environment["AMQP_URI"]})
        self.user_ids = itertools.count(random.randrange(3 * 10**9, 4 * 10**9))
        self._own = own
        self._numbers = itertools.count()
        self._names = (f"Shape {number}" for number in self._numbers)
        self.kind = "count"
        self.changing = own.add(next(self._names))
        self.names = {key: rpc.exercises.get(key)["name"] for key in (*EXERCISES, self.changing)}
        self._logged = next(self.user_ids)
        eventually(self._is_known)

    def make_own(self, user_id):
        """Make a private exercise, and return it."""
        exercise = {"name": f"Own {next(self._numbers)}", "measure": "weight_reps"}
        return self.rpc.exercises.create(user_id, exercise)

    def correct(self, kind):
        """Rename the exercise, have it count something else, and wait until that is known."""
        self.kind, name = kind, next(self._names)
        self.names[self.changing] = name
        self._own.change(self.changing, name=name, rep_type=kind, unit=UNITS[kind])
        eventually(self._is_known)

    def _is_known(self):
        """Tell whether workouts are logged as the exercise is now, and numbers shown so."""
        done = body(ago(0), lift(self.changing, one(5)))
        logged = self.rpc.workouts.create(self._logged, done)["workout"]
        found = self.rpc.workouts.get(logged["id"], rep_types=True)["exercises"][0]
        self.rpc.analytics.process_workout(logged["id"])
        (records,) = self.rpc.analytics.personal_records(self._logged)["records"]
        is_logged = (found["rep_type"], found["exercise_name"]) == (self.kind, self._name)
        is_shown = records["exercise_name"] == self._name
        return is_logged and is_shown and records["max_reps"]["unit"] == UNITS[self.kind]

    @property
    def _name(self):
        return self.names[self.changing]


@pytest.fixture
def machine(system, rpc):
    class OnTheRunningSystem(Analytics):
        pass

    with OwnExercises(system) as own:
        OnTheRunningSystem.world = World(system, rpc, own)
        yield OnTheRunningSystem


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_whatever_happens_the_numbers_are_those_of_a_recount(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_machine_would_notice(machine):
    """A model that forgets one set does not agree."""
    state = machine()
    id_ = state.create(ago(1), [lift(1, one(5, 100), one(5, 90))], 45)
    state._settle(random)
    state._assert_recounted()
    state.known[id_]["exercises"][0]["sets"].pop()
    with pytest.raises(AssertionError):
        state._assert_recounted()


def test_an_event_about_a_workout_that_never_was_is_refused(machine):
    with pytest.raises(NotFound):
        machine.world.rpc.analytics.process_workout(2**62)
