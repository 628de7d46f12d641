"""Names of other apps' exercises over RPC: which exercises they mean to a user."""

import pytest

from schemas.errors import InvalidParameter
from services.exercises import catalogue, writes
from tests.services.catalogue_changes import OwnExercises


@pytest.fixture
def ask(rpc, fresh_user):
    """Return a function that asks for one name."""

    def ask(name, measure=None, user_id=fresh_user):
        [found] = rpc.exercises.match_names(user_id, [{"name": name, "measure": measure}])
        return found

    return ask


@pytest.fixture
def make(rpc, fresh_user):
    """Return a function that makes a private exercise."""

    def make(name, **fields):
        return rpc.exercises.create(fresh_user, {"name": name, "measure": "weight_reps", **fields})

    return make


@pytest.fixture
def imported(system):
    """Return a function that adds an exercise to the catalogue as another one does."""
    with OwnExercises(system) as own:

        def add(name, slug, *equipment):
            entry = {
                **catalogue.read()[0],
                "id": None,
                "slug": f"test-{slug}",
                "name": name,
                "aliases": [],
                "all_equipment": [*equipment],
                "external_source": "test",
            }
            with own.engine.begin() as connection:
                writes.save(connection, [entry])

        yield add


def test_a_name_becomes_an_exercise(ask):
    assert ask("Bench Press (Barbell)", "weight_reps") == {
        "name": "Bench Press (Barbell)",
        "why": "words",
        "exercise_id": 1,
        "exercise_name": "Barbell Bench Press",
        "choices": [],
    }


def test_what_is_not_sure_is_asked_for_with_choices(ask, rpc):
    found = ask("Shoulder Press", "weight_reps")
    assert (found["why"], found["exercise_id"], found["exercise_name"]) == ("ask", None, None)
    assert 2 <= len(found["choices"]) <= 5
    for choice in found["choices"]:
        assert rpc.exercises.get(choice["id"])["name"] == choice["name"]


def test_what_is_nowhere_is_new(ask):
    assert ask("Underwater Basket Weaving") == {
        "name": "Underwater Basket Weaving",
        "why": "new",
        "exercise_id": None,
        "exercise_name": None,
        "choices": [],
    }


def test_names_are_answered_in_their_order(rpc, fresh_user):
    names = ["Squat (Barbell)", "Nothing of the Kind", "Supino (Barra)", "Squat (Barbell)"]
    found = rpc.exercises.match_names(fresh_user, [{"name": name} for name in names])
    assert [one["name"] for one in found] == names
    assert [one["exercise_id"] for one in found] == [2, None, 1, 2]
    assert rpc.exercises.match_names(fresh_user, []) == []


def test_what_the_sets_hold_counts(ask):
    assert ask("Pull Up", "assisted_reps")["exercise_name"] == "Machine-Assisted Pull-ups"
    assert ask("Pull Up", "reps")["exercise_name"] == "Pull-ups"


# private exercises


def test_an_own_exercise_comes_first_on_its_exact_name(ask, make):
    own = make("bench press")
    found = ask("Bench Press")
    assert (found["why"], found["exercise_id"]) == ("exact", own["id"])
    assert ask("Bench Press (Barbell)")["exercise_id"] == 1


def test_an_own_exercise_is_found_by_its_words(ask, make):
    own = make("Kettlebell Gorilla Row", equipment="kettlebell")
    found = ask("Gorilla Row (Kettlebell)")
    assert (found["why"], found["exercise_id"]) == ("words", own["id"])


def test_an_archived_one_is_found_by_its_name_alone(ask, make, rpc, fresh_user):
    own = make("Gorilla Row")
    rpc.exercises.archive(fresh_user, own["id"])
    assert ask("GORILLA ROW")["exercise_id"] == own["id"]
    assert ask("Row, Gorilla")["exercise_id"] is None


def test_exercises_of_others_are_not_found(ask, make, fresh_user):
    make("Gorilla Row")
    assert ask("Gorilla Row", user_id=fresh_user + 2**31)["why"] == "new"


# exercises of the catalogue that are not the project's


def test_the_project_s_own_exercises_go_before_others(ask, imported):
    imported("Bench Press (Barbell)", "bench", "barbell")
    assert ask("Bench Press (Barbell)")["exercise_id"] == 1


def test_others_are_found_where_it_has_none(ask, imported):
    imported("Zottman Curl With Dumbbells", "zottman", "dumbbell")
    found = ask("Zottman Curl (Dumbbell)")
    assert found["exercise_name"] == "Zottman Curl With Dumbbells"


def test_an_exercise_that_is_not_active_is_not_found(ask, system):
    with OwnExercises(system) as own:
        [exercise_id] = [ask("JM Press (Barbell)")["exercise_id"]]
        own.change(exercise_id, tell=False, is_active=False)
        try:
            assert ask("JM Press (Barbell)")["why"] == "new"
        finally:
            own.change(exercise_id, tell=False, is_active=True)


# limits


@pytest.mark.parametrize(
    ("names", "field", "constraint"),
    [
        ("Squat", "names", "type"),
        ([{"name": "Squat"}] * 1001, "names", "max_items"),
        (["Squat"], "names[0]", "type"),
        ([{"name": "Squat"}, {"name": " "}], "names[1].name", "min_length"),
        ([{}], "names[0].name", "required"),
        ([{"name": 5}], "names[0].name", "type"),
        ([{"name": "Squat", "measure": "furlongs"}], "names[0].measure", "one_of"),
        ([{"name": "Squat", "sets": 3}], "names[0].sets", "unknown_parameter"),
    ],
)
def test_a_fault_names_its_field(rpc, fresh_user, names, field, constraint):
    with pytest.raises(InvalidParameter) as refused:
        rpc.exercises.match_names(fresh_user, names)
    [fault] = refused.value.faults
    assert (fault["field"], fault["details"]["constraint"]) == (field, constraint)


def test_the_user_is_checked(rpc):
    with pytest.raises(InvalidParameter):
        rpc.exercises.match_names(0, [])


def test_long_names_are_no_trouble(ask):
    assert ask("Squat " * 10_000)["why"] in ("ask", "new")
    assert ask("x" * 100_000)["why"] == "new"


def test_a_thousand_names_are_answered_at_once(rpc, fresh_user):
    names = [{"name": f"Leg Press {number} of Joe"} for number in range(1000)]
    assert len(rpc.exercises.match_names(fresh_user, names)) == 1000
