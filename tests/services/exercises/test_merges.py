"""Private exercises merged into others over RPC: what may be, and what becomes of them."""

import pytest
from sqlalchemy import create_engine, text

from schemas.errors import BusinessRuleViolation, Conflict, NotFound, ValidationFailed
from services.exercises.private import writes
from services.process.settings import Settings
from tests.services.catalogue_changes import OwnExercises
from tests.services.clients import at_once
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

BENCH, SIT_UPS = 1, 118
SOON = 10


@pytest.fixture
def stranger(fresh_user):
    return fresh_user + 2**31


@pytest.fixture
def engine(system):
    engine = create_engine(Settings.from_environment(system.environment).databases["exercises"].url)
    yield engine
    engine.dispose()


@pytest.fixture
def make(rpc, fresh_user):
    def make(name, user_id=fresh_user, **more):
        given = {"name": name, "measure": "weight_reps", "equipment": "kettlebell"} | more
        return rpc.exercises.create(user_id, given)["id"]

    return make


@pytest.fixture
def source(make):
    return make("Gorilla Row")


@pytest.fixture
def target(make):
    return make("Silverback Row")


@pytest.fixture
def without_workouts(system):
    system.stop("workouts")
    yield
    system.start("workouts")


def log(rpc, user_id, *exercise_ids):
    sets = [lift(exercise_id, one(8, 24)) for exercise_id in exercise_ids]
    return rpc.workouts.create(user_id, body(ago(0), *sets))["workout"]["id"]


def logged(rpc, workout_id):
    return [item["exercise_id"] for item in rpc.workouts.get(workout_id)["exercises"]]


def refusal(call, *args):
    with pytest.raises(BusinessRuleViolation) as refused:
        call(*args)
    return refused.value.field, refused.value.details


# what becomes of it


@pytest.mark.parametrize("into", ["own", "catalogue"])
def test_the_other_has_what_was_logged_of_it(rpc, fresh_user, source, target, into):
    into = target if into == "own" else BENCH
    workout_id = log(rpc, fresh_user, source, SIT_UPS)
    before = rpc.exercises.get(source, user_id=fresh_user)
    merged = rpc.exercises.merge(fresh_user, source, into)
    expected = before | {"merged_into": into, "is_active": False}
    assert merged == expected | {"updated_at": merged["updated_at"]}
    assert rpc.exercises.get(source, user_id=fresh_user) == merged
    assert rpc.exercises.get_private(fresh_user, [source]) == [merged]
    assert logged(rpc, workout_id) == [into, SIT_UPS]
    # asked again, it says the same
    assert rpc.exercises.merge(fresh_user, source, into) == merged


def test_all_others_were_merged_into_nothing(rpc, fresh_user, target):
    assert rpc.exercises.get(BENCH)["merged_into"] is None
    assert rpc.exercises.get(target, user_id=fresh_user)["merged_into"] is None


def test_it_is_in_no_list(rpc, fresh_user, source, target):
    rpc.exercises.merge(fresh_user, source, target)
    for filters in ({}, {"mine": "true"}):
        found = rpc.exercises.list(user_id=fresh_user, equipment="kettlebell", limit=100, **filters)
        assert source not in [each["id"] for each in found["items"]]
        assert rpc.exercises.search("gorilla", user_id=fresh_user, **filters)["total"] == 0
    facets = rpc.exercises.facets(user_id=fresh_user, mine="true")
    assert facets["equipment"] == [{"value": "kettlebell", "count": 1}]


def test_an_archived_one_can_be_merged(rpc, fresh_user, source, target):
    workout_id = log(rpc, fresh_user, source)
    rpc.exercises.archive(fresh_user, source)
    assert rpc.exercises.merge(fresh_user, source, target)["merged_into"] == target
    assert logged(rpc, workout_id) == [target]


def test_nobody_else_sees_it(rpc, fresh_user, stranger, source, target):
    rpc.exercises.merge(fresh_user, source, target)
    for user in ({}, {"user_id": stranger}):
        with pytest.raises(NotFound):
            rpc.exercises.get(source, **user)
    assert rpc.exercises.get_private(stranger, [source]) == []


def test_its_name_is_free_again(rpc, fresh_user, make, source, target):
    rpc.exercises.merge(fresh_user, source, target)
    again = make("gorilla ROW")
    with pytest.raises(Conflict) as refused:
        make("Gorilla Row")
    assert refused.value.details["exercise_id"] == again
    # and may be merged once more
    assert rpc.exercises.merge(fresh_user, again, target)["merged_into"] == target
    assert rpc.exercises.update(fresh_user, target, {"name": "Gorilla Row"})["id"] == target


def test_it_does_not_count(rpc, fresh_user, make, source, engine):
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO private_exercises (owner_id, name, unique_name, slug, measure,
                    rep_type, category, primary_muscles, secondary_muscles, name_key, title_keys,
                    name_words, title_words, search_words)
                SELECT :owner, number, number, number, 'reps', 'count', 'strength', '{}', '{}',
                    number, '{}', '', '', ''
                FROM generate_series(2, :most) AS number
                """
            ),
            {"owner": fresh_user, "most": writes.MOST},
        )
    with pytest.raises(BusinessRuleViolation):
        make("One Too Many")
    rpc.exercises.merge(fresh_user, source, BENCH)
    make("One More")
    with pytest.raises(BusinessRuleViolation):
        make("One Too Many")


def test_what_was_merged_into_it_before_goes_along(rpc, fresh_user, make, source, target):
    first = make("Ape Row")
    workout_id = log(rpc, fresh_user, first)
    rpc.exercises.merge(fresh_user, first, source)
    rpc.exercises.merge(fresh_user, source, target)
    rpc.exercises.merge(fresh_user, target, BENCH)
    merged = rpc.exercises.get_private(fresh_user, [first, source, target])
    assert [each["merged_into"] for each in merged] == [BENCH] * 3
    assert logged(rpc, workout_id) == [BENCH]
    # for the same as it has now it is done, for what it was first it is not
    assert rpc.exercises.merge(fresh_user, first, BENCH)["merged_into"] == BENCH
    expected = None, {"constraint": "not_merged", "merged_into": BENCH}
    assert refusal(rpc.exercises.merge, fresh_user, first, source) == expected


def test_it_can_not_be_changed_any_more(rpc, fresh_user, make, source, target):
    rpc.exercises.merge(fresh_user, source, target)
    expected = None, {"constraint": "not_merged", "merged_into": target}
    assert refusal(rpc.exercises.update, fresh_user, source, {"notes": "x"}) == expected
    assert refusal(rpc.exercises.archive, fresh_user, source) == expected
    assert refusal(rpc.exercises.restore, fresh_user, source) == expected
    assert refusal(rpc.exercises.merge, fresh_user, source, BENCH) == expected
    with pytest.raises(BusinessRuleViolation, match=f"^Exercise {source} was merged into exercise"):
        rpc.exercises.archive(fresh_user, source)


def test_it_can_be_deleted(rpc, fresh_user, source, target):
    log(rpc, fresh_user, source)
    rpc.exercises.merge(fresh_user, source, target)
    assert rpc.exercises.delete(fresh_user, source) == {"id": source, "deleted": True}
    with pytest.raises(NotFound):
        rpc.exercises.get(source, user_id=fresh_user)
    assert rpc.exercises.get(target, user_id=fresh_user)["is_active"] is True


def test_it_goes_with_the_one_that_it_was_merged_into(
    rpc, fresh_user, stranger, make, source, target
):
    workout_id = log(rpc, fresh_user, source)
    other = make("Silverback Row", stranger)
    rpc.exercises.merge(fresh_user, source, target)
    with pytest.raises(BusinessRuleViolation) as refused:
        rpc.exercises.delete(fresh_user, target)
    assert refused.value.details == {"workouts": 1}
    rpc.workouts.delete(fresh_user, workout_id)
    rpc.exercises.delete(fresh_user, target)
    assert rpc.exercises.get_private(fresh_user, [source, target]) == []
    assert rpc.exercises.get_private(stranger, [other])[0]["id"] == other


def test_it_can_not_be_logged_and_the_other_one_is_told(rpc, fresh_user, source, target):
    workout_id = log(rpc, fresh_user, source)
    rpc.exercises.merge(fresh_user, source, target)
    for call in (
        lambda: log(rpc, fresh_user, SIT_UPS, source),
        lambda: rpc.workouts.update(
            fresh_user, workout_id, {"exercises": [lift(source, one(8, 24))]}
        ),
    ):
        with pytest.raises(BusinessRuleViolation, match=f"{source} was merged into {target}"):
            call()
    merged = [{"exercise_id": source, "into": target}]
    unknown = source + 10**6
    assert refusal(log, rpc, fresh_user, source, unknown) == (
        "exercises[0].exercise_id",
        {"exercise_ids": [source, unknown], "merged": merged},
    )


# what can't be merged


@pytest.mark.parametrize(
    ("into", "constraint"), [(None, "required"), ("4", "type"), (0, "min"), (2**63, "max")]
)
def test_what_it_is_merged_into_is_an_id(rpc, fresh_user, source, into, constraint):
    with pytest.raises(ValidationFailed) as refused:
        rpc.exercises.merge(fresh_user, source, into)
    [fault] = refused.value.faults
    assert (fault["field"], fault["details"]["constraint"]) == ("into", constraint)


def test_only_one_s_own_can_be_merged(rpc, fresh_user, stranger, source):
    for user_id, exercise_id in ((stranger, source), (fresh_user, source + 10**6)):
        with pytest.raises(NotFound):
            rpc.exercises.merge(user_id, exercise_id, BENCH)
    expected = None, {"constraint": "own"}
    assert refusal(rpc.exercises.merge, fresh_user, BENCH, source) == expected


def test_not_into_itself(rpc, fresh_user, source):
    expected = "into", {"constraint": "another", "received": source}
    assert refusal(rpc.exercises.merge, fresh_user, source, source) == expected


@pytest.mark.parametrize("into", ["own", "catalogue"])
def test_not_into_another_measure(rpc, fresh_user, make, source, into):
    into = make("Hold", measure="duration") if into == "own" else SIT_UPS
    measure = "duration" if into != SIT_UPS else "reps"
    details = {"constraint": "measure", "measure": "weight_reps", "received": measure}
    assert refusal(rpc.exercises.merge, fresh_user, source, into) == ("into", details)


def test_one_of_somebody_else_s_is_as_an_unknown_one(rpc, fresh_user, stranger, make, source):
    theirs = make("Theirs", stranger)
    messages = set()
    for into in (theirs, theirs + 10**6):
        with pytest.raises(BusinessRuleViolation) as refused:
            rpc.exercises.merge(fresh_user, source, into)
        assert (refused.value.field, refused.value.details) == (
            "into",
            {"constraint": "exists", "received": into},
        )
        messages.add(str(refused.value).replace(str(into), "…"))
    assert messages == {"There is no exercise …"}


def test_not_into_an_archived_one(rpc, fresh_user, source, target):
    rpc.exercises.archive(fresh_user, target)
    expected = "into", {"constraint": "active", "received": target}
    assert refusal(rpc.exercises.merge, fresh_user, source, target) == expected


def test_not_into_an_inactive_one_of_the_catalogue(system, rpc, fresh_user, source):
    with OwnExercises(system) as own:
        into = own.add("Gone Row")
        own.change(into, is_active=False)
        expected = "into", {"constraint": "active", "received": into}
        assert refusal(rpc.exercises.merge, fresh_user, source, into) == expected


def test_not_into_one_that_was_merged(rpc, fresh_user, make, source, target):
    rpc.exercises.merge(fresh_user, source, target)
    expected = "into", {"constraint": "not_merged", "merged_into": target}
    assert refusal(rpc.exercises.merge, fresh_user, make("Ape Row"), source) == expected


def test_nothing_is_changed_by_a_merge_that_is_refused(rpc, fresh_user, source):
    before = rpc.exercises.get(source, user_id=fresh_user)
    refusal(rpc.exercises.merge, fresh_user, source, SIT_UPS)
    assert rpc.exercises.get(source, user_id=fresh_user) == before
    log(rpc, fresh_user, source)


# while it goes on


@pytest.mark.slow
def test_it_goes_on_without_whoever_asked_for_it(
    system, rpc, fresh_user, source, target, make, request
):
    other = make("Ape Row")
    workout_id = log(rpc, fresh_user, source, other)
    request.getfixturevalue("without_workouts")
    begun = rpc.exercises.merge(fresh_user, source, target)
    assert (begun["merged_into"], begun["is_active"]) == (None, False)
    assert rpc.exercises.search("gorilla", user_id=fresh_user)["total"] == 0
    assert rpc.exercises.merge(fresh_user, source, target) == begun

    merging = None, {"constraint": "not_merged", "merging_into": target}
    assert refusal(rpc.exercises.update, fresh_user, source, {"notes": "x"}) == merging
    assert refusal(rpc.exercises.archive, fresh_user, source) == merging
    assert refusal(rpc.exercises.restore, fresh_user, source) == merging
    assert refusal(rpc.exercises.delete, fresh_user, source) == merging
    assert refusal(rpc.exercises.merge, fresh_user, source, BENCH) == merging
    assert refusal(rpc.exercises.merge, fresh_user, other, source) == ("into", merging[1])
    # its name is its own as long as it is not done
    with pytest.raises(Conflict):
        make("Gorilla Row")

    taking = None, {"constraint": "not_merging", "merging": [source]}
    assert refusal(rpc.exercises.delete, fresh_user, target) == taking
    assert refusal(rpc.exercises.merge, fresh_user, target, BENCH) == taking
    changes = {"measure": "reps"}
    assert refusal(rpc.exercises.update, fresh_user, target, changes) == ("measure", taking[1])
    renamed = rpc.exercises.update(fresh_user, target, {"name": "Kong Row"})
    assert renamed["name"] == "Kong Row"
    # another may be merged into it at the same time
    assert rpc.exercises.merge(fresh_user, other, target)["merged_into"] is None

    system.start("workouts")

    def merged():
        found = rpc.exercises.get_private(fresh_user, [source, other])
        return [each["merged_into"] for each in found] == [target, target]

    eventually(merged, SOON)
    assert logged(rpc, workout_id) == [target, target]
    names = {item["exercise_name"] for item in rpc.workouts.get(workout_id)["exercises"]}
    assert names == {"Kong Row"}


@pytest.mark.slow
def test_one_whose_deletion_was_begun_takes_part_in_no_merge(
    system, rpc, fresh_user, source, target, request
):
    request.getfixturevalue("without_workouts")
    for exercise_id in (source, target):
        with pytest.raises(Exception, match="temporarily unavailable"):
            rpc.exercises.delete(fresh_user, exercise_id)
    begun = {"constraint": "not_deleting"}
    assert refusal(rpc.exercises.merge, fresh_user, source, BENCH) == (None, begun)
    system.start("workouts")
    # one of them is in use, so nothing comes of it
    log(rpc, fresh_user, source)
    assert refusal(rpc.exercises.delete, fresh_user, source) == (None, {"workouts": 1})
    assert refusal(rpc.exercises.merge, fresh_user, source, target) == ("into", begun)
    assert rpc.exercises.delete(fresh_user, target)["deleted"] is True
    assert rpc.exercises.merge(fresh_user, source, BENCH)["merged_into"] == BENCH


def test_of_two_that_are_merged_into_each_other_one_stays(system, rpc, fresh_user, make):
    for number in range(5):
        first, second = make(f"First {number}"), make(f"Second {number}")
        log(rpc, fresh_user, first, second)
        outcomes = at_once(
            system,
            lambda rpc, ids=(first, second): rpc.exercises.merge(fresh_user, *ids),
            lambda rpc, ids=(second, first): rpc.exercises.merge(fresh_user, *ids),
        )
        refused = [each for each in outcomes if isinstance(each, BusinessRuleViolation)]
        assert len(refused) == 1, outcomes
        found = rpc.exercises.get_private(fresh_user, [first, second])
        assert sorted(each["is_active"] for each in found) == [False, True]


def test_a_merge_and_a_deletion_at_the_same_moment_exclude_each_other(
    system, rpc, fresh_user, make
):
    """Never has a workout an exercise that is not there."""
    for number in range(8):
        first, second = make(f"First {number}"), make(f"Second {number}")
        workout_id = log(rpc, fresh_user, first)
        outcomes = at_once(
            system,
            lambda rpc, ids=(first, second): rpc.exercises.merge(fresh_user, *ids),
            lambda rpc, second=second: rpc.exercises.delete(fresh_user, second),
        )
        is_merged, is_deleted = (not isinstance(each, Exception) for each in outcomes)
        assert is_merged != is_deleted, outcomes
        (exercise_id,) = logged(rpc, workout_id)
        assert exercise_id == (second if is_merged else first)
        assert rpc.exercises.get(exercise_id, user_id=fresh_user)["is_active"]
