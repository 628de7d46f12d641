"""Private exercises over RPC: who sees them, and what can be done with them."""

import itertools

import pytest
from sqlalchemy import create_engine, text

from schemas.errors import BusinessRuleViolation, Conflict, NotFound, ValidationFailed
from services.exercises import reads as catalogue_reads
from services.exercises.private import writes
from services.exercises.private.rows import MOST_WORDS, WITH_OWN
from services.process.settings import Settings
from services.transport.postgres.statements import fetch
from tests.services.catalogue_changes import OwnExercises
from tests.services.clients import all_fine, at_once
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

ROW = {
    "name": "Gorilla Row",
    "measure": "weight_reps",
    "primary_muscles": ["Lats", "back"],
    "secondary_muscles": ["biceps"],
    "equipment": "Kettlebell",
    "notes": "Hinge, and pull by turns",
}
_users = itertools.count(1)


@pytest.fixture
def stranger(fresh_user):
    return fresh_user + 2**31


@pytest.fixture
def engine(system):
    engine = create_engine(Settings.from_environment(system.environment).databases["exercises"].url)
    yield engine
    engine.dispose()


@pytest.fixture
def row(rpc, fresh_user):
    return rpc.exercises.create(fresh_user, ROW)


def names(page):
    return [exercise["name"] for exercise in page["items"]]


def shown(exercise):
    return {name: value for name, value in exercise.items() if name != "details"}


# making one


def test_it_is_shown_as_those_of_the_catalogue_are(rpc, fresh_user, row):
    assert row["details"] == {"similar": []}
    bench = rpc.exercises.get(1)
    assert shown(row).keys() == bench.keys() | {"measure"}
    assert (bench["owner"], bench["notes"]) == (None, None)
    given = {
        "name": "Gorilla Row",
        "slug": "gorilla-row",
        "measure": "weight_reps",
        "rep_type": "count",
        "unit": "reps",
        "category": "strength",
        "primary_muscles": ["lats", "back"],
        "secondary_muscles": ["biceps"],
        "equipment": "kettlebell",
        "all_equipment": ["kettlebell"],
        "notes": "Hinge, and pull by turns",
        "owner": "me",
        "is_active": True,
        "external_source": "private",
        "aliases": [],
    }
    assert {name: row[name] for name in given} == given
    assert rpc.exercises.get(row["id"], user_id=fresh_user) == shown(row)


@pytest.mark.parametrize(
    ("measure", "rep_type", "unit"),
    [
        ("assisted_reps", "count", "reps"),
        ("weight_duration", "time", "seconds"),
        ("distance_duration", "distance", "meters"),
    ],
)
def test_what_its_reps_count_follows_from_the_measure(rpc, fresh_user, measure, rep_type, unit):
    made = rpc.exercises.create(fresh_user, {"name": "Thing", "measure": measure})
    assert (made["rep_type"], made["unit"]) == (rep_type, unit)
    assert (made["equipment"], made["all_equipment"], made["primary_muscles"]) == (None, [], [])


def test_similar_ones_of_the_catalogue_are_told_and_not_refused(rpc, fresh_user):
    made = rpc.exercises.create(fresh_user, ROW | {"name": "Barbell Bench Press"})
    similar = made["details"]["similar"]
    assert similar[0] == {"id": 1, "name": "Barbell Bench Press"}
    assert len(similar) <= 3


@pytest.mark.parametrize("name", ["gorilla row", "GORILLA  ROW", "Gorílla Rôw", "GorillaRow"])
def test_a_name_is_there_once_whatever_its_case_accents_and_spaces(rpc, fresh_user, row, name):
    with pytest.raises(Conflict) as refusal:
        rpc.exercises.create(fresh_user, ROW | {"name": name})
    expected = {"field": "name", "constraint": "unique", "exercise_id": row["id"]}
    assert refusal.value.details == expected


@pytest.mark.parametrize("name", ["Gorilla Rows", "Gorilla-Row", "Row Gorilla", "🦍", "🦧"])
def test_other_names_are_other_exercises(rpc, fresh_user, row, name):
    assert rpc.exercises.create(fresh_user, ROW | {"name": name})["name"] == name


def test_each_user_has_names_of_their_own(rpc, stranger, row):
    assert rpc.exercises.create(stranger, ROW)["id"] != row["id"]


def test_of_two_with_a_name_at_the_same_moment_one_is_made(system, fresh_user):
    outcomes = at_once(
        system, *[lambda rpc: rpc.exercises.create(fresh_user, ROW) for _ in range(4)]
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(refused) == 3
    all_fine([outcome for outcome in outcomes if not isinstance(outcome, Conflict)])


def test_all_faults_are_told_at_once(rpc, fresh_user):
    bad = {
        "name": " ",
        "measure": "feelings",
        "category": "dance",
        "primary_muscles": ["lats", "a,b", 5],
        "secondary_muscles": ["x"] * 21,
        "equipment": "x" * 101,
        "notes": 1,
        "owner": "me",
        "colour": "red",
    }
    with pytest.raises(ValidationFailed) as refusal:
        rpc.exercises.create(fresh_user, bad)
    told = {(fault["field"], fault["details"]["constraint"]) for fault in refusal.value.faults}
    assert told == {
        ("name", "min_length"),
        ("measure", "one_of"),
        ("category", "one_of"),
        ("primary_muscles[1]", "characters"),
        ("primary_muscles[2]", "type"),
        ("secondary_muscles", "max_items"),
        ("equipment", "max_length"),
        ("notes", "type"),
        ("owner", "unknown_field"),
        ("colour", "unknown_field"),
    }


def fill(engine, user_id, count):
    """Give a user so many exercises, with numbers for names."""
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO private_exercises (owner_id, name, unique_name, slug, measure,
                    rep_type, category, primary_muscles, secondary_muscles, name_key, title_keys,
                    name_words, title_words, search_words)
                SELECT :owner, number, number, number, 'reps', 'count', 'strength', '{}', '{}',
                    number, '{}', '', '', ''
                FROM generate_series(1, :most) AS number
                """
            ),
            {"owner": user_id, "most": count},
        )


def test_there_is_an_end_to_how_many_one_has(rpc, fresh_user, engine):
    fill(engine, fresh_user, writes.MOST)
    with pytest.raises(BusinessRuleViolation) as refusal:
        rpc.exercises.create(fresh_user, ROW)
    limit = {"constraint": "max_items", "max_items": writes.MOST, "received": writes.MOST + 1}
    assert refusal.value.details == limit
    # what there is already is told before that
    with pytest.raises(Conflict):
        rpc.exercises.create(fresh_user, ROW | {"name": "7"})


def test_the_end_holds_at_the_same_moment(system, rpc, fresh_user, engine):
    fill(engine, fresh_user, writes.MOST - 1)
    outcomes = at_once(
        system,
        *[
            lambda rpc, number=number: rpc.exercises.create(
                fresh_user, ROW | {"name": f"R{number}"}
            )
            for number in range(6)
        ],
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BusinessRuleViolation)]
    assert len(refused) == 5
    all_fine([outcome for outcome in outcomes if not isinstance(outcome, BusinessRuleViolation)])


# who sees it


def test_nobody_else_gets_it(rpc, stranger, row):
    for user in ({}, {"user_id": stranger}):
        with pytest.raises(NotFound):
            rpc.exercises.get(row["id"], **user)
    assert rpc.exercises.get_many([row["id"]]) == []
    assert rpc.exercises.get_private(stranger, [row["id"]]) == []


def test_its_owner_gets_it_among_others(rpc, fresh_user, row):
    assert rpc.exercises.get(1, user_id=fresh_user) == rpc.exercises.get(1)
    assert rpc.exercises.get_private(fresh_user, [1, row["id"]]) == [shown(row)]
    with pytest.raises(NotFound):
        rpc.exercises.get(row["id"] + 10**6, user_id=fresh_user)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"equipment": "kettlebell"},
        {"muscles": "lats"},
        {"category": "strength", "muscles": "biceps,chest"},
        {"search": "gorilla"},
        {"search": "gorila row"},
        {"search": "gorlila"},
        {"search": "gorillla", "sort": "name:asc"},
        {"search": "gorylla"},
        {"search": "gorlla"},
        {"search": "hinge"},
        {"search": "row gorilla kettlebell"},
        {"search": "row", "sort": "name:desc"},
    ],
)
def test_lists_and_searches_of_its_owner_have_it(rpc, fresh_user, stranger, row, filters):
    public = rpc.exercises.list(**filters)
    own = rpc.exercises.list(user_id=fresh_user, **filters)
    assert own["total"] == public["total"] + 1
    assert rpc.exercises.list(user_id=stranger, **filters) == public
    mine = rpc.exercises.list(user_id=fresh_user, mine="true", **filters)
    assert mine == {"items": [shown(row)], "total": 1}
    assert rpc.exercises.list(user_id=stranger, mine="true", **filters)["total"] == 0
    assert rpc.exercises.list(mine="true", **filters) == {"items": [], "total": 0}
    assert rpc.exercises.list(mine="false", **filters) == public


@pytest.mark.parametrize(
    "filters",
    [
        {"category": "cardio"},
        {"difficulty": "beginner"},
        {"body_part": "back"},
        {"equipment": "barbell"},
    ],
)
def test_what_it_does_not_have_is_not_found(rpc, fresh_user, row, filters):
    assert rpc.exercises.list(user_id=fresh_user, **filters) == rpc.exercises.list(**filters)


def test_every_page_and_order_has_each_once(rpc, fresh_user, row):
    for sort in ("name:asc", "category:desc", "difficulty:asc", "equipment:desc", "created_at:asc"):
        first = rpc.exercises.list(user_id=fresh_user, limit=100, sort=sort)
        pages = range(2, -(-first["total"] // 100) + 1)
        rest = [
            rpc.exercises.list(user_id=fresh_user, limit=100, sort=sort, page=page)
            for page in pages
        ]
        ids = [each["id"] for page in (first, *rest) for each in page["items"]]
        assert len(ids) == len(set(ids)) == first["total"]
        assert row["id"] in ids
    by_name = rpc.exercises.list(user_id=fresh_user, limit=100)
    shown_names = [name.lower() for name in names(by_name)]
    assert shown_names == sorted(shown_names)


def test_its_name_comes_first_in_a_search(rpc, fresh_user, row):
    assert names(rpc.exercises.search("gorilla row", user_id=fresh_user))[0] == "Gorilla Row"
    assert names(rpc.exercises.search("row", user_id=fresh_user, mine="true")) == ["Gorilla Row"]
    # equal but for the equipment and the order of the words
    rpc.exercises.create(fresh_user, ROW | {"name": "Gorilla Row on One Leg"})
    found = names(rpc.exercises.search("Row Gorilla (Kettlebell)", user_id=fresh_user))
    assert found == ["Gorilla Row", "Gorilla Row on One Leg"]


@pytest.mark.slow
@pytest.mark.parametrize("query", ["gorill", "gorilal", "gorrilya"])
def test_few_words_are_compared_with_a_query_however_many_there_are(engine, fresh_user, query):
    """Comparing them keeps the process from serving others."""
    insert = text(
        f"""
        INSERT INTO private_exercises (owner_id, name, unique_name, slug, measure, rep_type,
            category, primary_muscles, secondary_muscles, name_key, title_keys, name_words,
            title_words, search_words)
        SELECT :owner, number, number, number, 'reps', 'count', 'strength', '{{}}', '{{}}',
            number, '{{}}', words, words, words || array_to_tsvector(ARRAY(
                SELECT 'gorillo' || number || 'x' || other FROM generate_series(1, 500) AS other))
        FROM generate_series(1, {writes.MOST}) AS number,
            array_to_tsvector(ARRAY['gorilla', 'gorilla' || number, 'gorill' || number, 'curl'])
                AS words
        """
    )
    compared = set()

    def noting(statement, **values):
        found = fetch(connection, statement, **values)
        for value in (value for row in found for value in row):
            if isinstance(value, list | str):
                compared.update([value] if isinstance(value, str) else value)
        return found

    with engine.connect() as connection:
        connection.execute(insert, {"owner": fresh_user})
        page = catalogue_reads.search_page(
            noting, query, {}, [], 1, 10, rows=WITH_OWN, owner_id=fresh_user
        )
    assert page["total"] >= writes.MOST
    assert "gorilla" in compared
    assert len([word for word in compared if str(word).startswith("gorill")]) <= 2 * MOST_WORDS
    assert not any(str(word).startswith("gorillo") for word in compared)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [("turns", True), ("hinge pull", True), ("hinge gorilla", False), ("hinge curl", False)],
)
def test_notes_find_it_by_one_word_or_by_all(rpc, fresh_user, row, query, is_found):
    page = rpc.exercises.search(query, user_id=fresh_user, mine="true")
    assert (names(page) == ["Gorilla Row"]) is is_found


def test_what_others_find_does_not_depend_on_it(rpc, fresh_user, engine):
    with engine.connect() as connection:
        before = connection.execute(text("SELECT count(*) FROM exercise_words")).scalar_one()
    rpc.exercises.create(fresh_user, ROW | {"name": "Xylophone Squat", "notes": None})
    with engine.connect() as connection:
        after = connection.execute(text("SELECT count(*) FROM exercise_words")).scalar_one()
    assert before == after
    assert rpc.exercises.search("xylophone")["total"] == 0
    assert names(rpc.exercises.search("xylofone", user_id=fresh_user)) == ["Xylophone Squat"]


def test_facets_of_its_owner_count_it(rpc, fresh_user, stranger, row):
    def counts(**query):
        facets = rpc.exercises.facets(**query)
        return {
            (facet, item["value"]): item["count"]
            for facet, items in facets.items()
            for item in items
        }

    public, own = counts(), counts(user_id=fresh_user)
    assert {key: own[key] - public.get(key, 0) for key in own if own[key] != public.get(key)} == {
        ("category", "strength"): 1,
        ("equipment", "kettlebell"): 1,
        ("muscles", "lats"): 1,
        ("muscles", "back"): 1,
        ("muscles", "biceps"): 1,
    } | ({("measure", "weight_reps"): 1} if ("measure", "weight_reps") in own else {})
    assert counts(user_id=stranger) == public
    assert sum(counts(user_id=fresh_user, mine="true").values()) in (5, 6)
    assert counts(mine="true") == {}


def test_nothing_of_it_is_in_the_tables_that_the_version_before_reads(engine, row):
    with engine.connect() as connection:
        for table, column in (
            ("exercises", "id"),
            ("exercise_search", "id"),
            ("exercise_changes", "exercise_id"),
        ):
            statement = text(f"SELECT count(*) FROM {table} WHERE {column} = :id")
            assert connection.execute(statement, {"id": row["id"]}).scalar_one() == 0


def test_ids_are_one_space_with_the_catalogue(system, row):
    with OwnExercises(system) as own:
        assert own.add("Next") > row["id"]


# changing it


def test_a_change_leaves_the_rest(rpc, fresh_user, row):
    changes = {"name": "Gorilla Rows", "equipment": None, "secondary_muscles": None}
    changed = rpc.exercises.update(fresh_user, row["id"], changes)
    expected = shown(row) | {
        "name": "Gorilla Rows",
        "slug": "gorilla-rows",
        "equipment": None,
        "all_equipment": [],
        "secondary_muscles": [],
        "updated_at": changed["updated_at"],
    }
    assert changed == expected
    assert changed["updated_at"] > row["updated_at"]
    assert rpc.exercises.get(row["id"], user_id=fresh_user) == expected
    assert rpc.exercises.list(user_id=fresh_user, search="gorilla rows")["total"] == 1
    assert rpc.exercises.list(user_id=fresh_user, equipment="kettlebell", mine="true")["total"] == 0


def test_a_change_of_nothing_changes_nothing(rpc, fresh_user, row):
    for changes in ({}, {"name": "Gorilla Row", "equipment": "kettlebell"}):
        assert rpc.exercises.update(fresh_user, row["id"], changes) == shown(row)


def test_its_own_name_may_be_spelt_anew_and_another_s_not_taken(rpc, fresh_user, row):
    other = rpc.exercises.create(fresh_user, ROW | {"name": "Other"})
    assert rpc.exercises.update(fresh_user, row["id"], {"name": "GORILLA ROW"})["name"]
    with pytest.raises(Conflict) as refusal:
        rpc.exercises.update(fresh_user, row["id"], {"name": "öther"})
    assert refusal.value.details["exercise_id"] == other["id"]
    assert rpc.exercises.get(row["id"], user_id=fresh_user)["name"] == "GORILLA ROW"


@pytest.mark.parametrize("field", ["name", "measure", "category"])
def test_what_can_not_be_empty_can_not_be_cleared(rpc, fresh_user, row, field):
    with pytest.raises(ValidationFailed) as refusal:
        rpc.exercises.update(fresh_user, row["id"], {field: None})
    assert refusal.value.faults[0]["details"]["constraint"] == "required"


def test_others_can_neither_change_archive_nor_delete_it(rpc, stranger, row):
    calls = [
        lambda exercise_id: rpc.exercises.update(stranger, exercise_id, {"name": "Mine"}),
        lambda exercise_id: rpc.exercises.archive(stranger, exercise_id),
        lambda exercise_id: rpc.exercises.restore(stranger, exercise_id),
        lambda exercise_id: rpc.exercises.delete(stranger, exercise_id),
    ]
    for call, exercise_id in itertools.product(calls, [row["id"], row["id"] + 10**6, 1]):
        with pytest.raises(NotFound):
            call(exercise_id)


def test_an_archived_one_is_in_no_list(rpc, fresh_user, row):
    for _ in range(2):
        archived = rpc.exercises.archive(fresh_user, row["id"])
        assert archived["is_active"] is False
        assert rpc.exercises.get(row["id"], user_id=fresh_user) == archived
        assert rpc.exercises.list(user_id=fresh_user, mine="true")["total"] == 0
        assert rpc.exercises.search("gorilla", user_id=fresh_user)["total"] == 0
        assert rpc.exercises.facets(user_id=fresh_user) == rpc.exercises.facets()
    # its name is still taken
    with pytest.raises(Conflict):
        rpc.exercises.create(fresh_user, ROW)
    for _ in range(2):
        restored = rpc.exercises.restore(fresh_user, row["id"])
        assert restored["is_active"] is True
        assert rpc.exercises.list(user_id=fresh_user, mine="true")["total"] == 1


def test_whoever_has_had_one_is_an_owner(rpc, fresh_user, stranger, row):
    assert rpc.exercises.owns(fresh_user) is True
    assert rpc.exercises.owns(stranger) is False
    rpc.exercises.archive(fresh_user, row["id"])
    assert rpc.exercises.owns(fresh_user) is True


# the feed


def test_the_feed_has_its_name_and_its_owner(rpc, fresh_user, row):
    def after(position):
        return [
            (each["exercise_id"], each["name"], each.get("owner_id"))
            for each in rpc.exercises.changes(position, limit=1000)
        ]

    position = max(each["position"] for each in feed(rpc) if each["exercise_id"] == row["id"]) - 1
    assert after(position)[0] == (row["id"], "Gorilla Row", fresh_user)
    rpc.exercises.update(fresh_user, row["id"], {"name": "Silverback Row"})
    rpc.exercises.update(fresh_user, row["id"], {"notes": "No news"})
    assert after(position) == [(row["id"], "Silverback Row", fresh_user)]


def feed(rpc):
    found, position = [], 0
    while page := rpc.exercises.changes(position, limit=1000):
        found += page
        position = page[-1]["position"]
    positions = [each["position"] for each in found]
    assert positions == sorted(set(positions))
    return found


def test_copies_learn_of_each_at_once(system, rpc, fresh_user, row):
    url = Settings.from_environment(system.environment).databases["workouts"].url
    workouts = create_engine(url)

    def is_copied(exercise_id):
        statement = text("SELECT count(*) FROM exercise_facts WHERE exercise_id = :id")
        with workouts.connect() as connection:
            return connection.execute(statement, {"id": exercise_id}).scalar_one()

    eventually(lambda: is_copied(row["id"]), seconds=3)
    for number in range(3):
        made = rpc.exercises.create(fresh_user, ROW | {"name": f"Row {number}"})
        eventually(lambda made=made: is_copied(made["id"]), seconds=3)
    workouts.dispose()


# in workouts


def test_its_owner_can_log_it_and_nobody_else(rpc, fresh_user, stranger, row):
    logged = body(ago(0), lift(1, one(5, 100)), lift(row["id"], one(8, 24)))
    workout = rpc.workouts.create(fresh_user, logged)["workout"]
    assert [each["exercise_name"] for each in workout["exercises"]][1] == "Gorilla Row"
    refused = []
    for exercise_id in (row["id"], row["id"] + 10**6):
        with pytest.raises(BusinessRuleViolation) as refusal:
            rpc.workouts.create(stranger, body(ago(0), lift(exercise_id, one(8, 24))))
        refused.append(str(refusal.value).replace(str(exercise_id), "…"))
    assert refused[0] == refused[1]


def test_an_archived_one_may_stay_in_a_workout_and_come_into_none(rpc, fresh_user, row):
    logged = body(ago(0), lift(row["id"], one(8, 24)))
    workout = rpc.workouts.create(fresh_user, logged)["workout"]
    rpc.exercises.archive(fresh_user, row["id"])
    with pytest.raises(BusinessRuleViolation):
        rpc.workouts.create(fresh_user, logged)
    changes = {"exercises": [lift(row["id"], one(9, 24))]}
    changed = rpc.workouts.update(fresh_user, workout["id"], changes)
    assert changed["exercises"][0]["sets"][0]["reps"] == 9
    rpc.exercises.restore(fresh_user, row["id"])
    assert rpc.workouts.create(fresh_user, logged, "key")["replayed"] is False


def test_one_that_a_workout_has_can_not_be_deleted(rpc, fresh_user, row):
    logged = body(ago(0), lift(row["id"], one(8, 24)), lift(row["id"], one(8, 28)))
    workout = rpc.workouts.create(fresh_user, logged)["workout"]
    with pytest.raises(BusinessRuleViolation) as refusal:
        rpc.exercises.delete(fresh_user, row["id"])
    assert refusal.value.details == {"workouts": 1}
    rpc.workouts.create(fresh_user, logged)
    rpc.workouts.delete(fresh_user, workout["id"])
    with pytest.raises(BusinessRuleViolation) as refusal:
        rpc.exercises.delete(fresh_user, row["id"])
    assert refusal.value.details == {"workouts": 1}


def test_one_that_is_deleted_is_gone(rpc, fresh_user, row):
    logged = body(ago(0), lift(row["id"], one(8, 24)))
    workout = rpc.workouts.create(fresh_user, logged)["workout"]
    rpc.workouts.delete(fresh_user, workout["id"])
    assert rpc.exercises.delete(fresh_user, row["id"]) == {"id": row["id"], "deleted": True}
    with pytest.raises(NotFound):
        rpc.exercises.get(row["id"], user_id=fresh_user)
    with pytest.raises(NotFound):
        rpc.exercises.delete(fresh_user, row["id"])
    with pytest.raises(BusinessRuleViolation):
        rpc.workouts.create(fresh_user, logged)
    # the name is free again
    assert rpc.exercises.create(fresh_user, ROW)["id"] != row["id"]


def test_a_deletion_that_was_broken_off_goes_on(rpc, fresh_user, row):
    assert rpc.workouts.retire_exercise(fresh_user, row["id"]) == {"workouts": 0}
    logged = body(ago(0), lift(row["id"], one(8, 24)))
    for key in (None, "key"):
        with pytest.raises(BusinessRuleViolation) as refusal:
            rpc.workouts.create(fresh_user, logged, key)
        assert refusal.value.details == {"exercise_ids": [row["id"]]}
    assert rpc.exercises.delete(fresh_user, row["id"])["deleted"] is True


def test_a_workout_and_a_deletion_at_the_same_moment_exclude_each_other(system, rpc, fresh_user):
    """Never is a workout there whose exercise is not."""
    outcomes = set()
    for number in range(12):
        made = rpc.exercises.create(fresh_user, ROW | {"name": f"Race {number}"})
        logged = body(ago(0), lift(made["id"], one(8, 24)))
        first, second = at_once(
            system,
            lambda rpc, logged=logged: rpc.workouts.create(fresh_user, logged),
            lambda rpc, made=made: rpc.exercises.delete(fresh_user, made["id"]),
        )
        is_logged, is_deleted = (not isinstance(each, Exception) for each in (first, second))
        assert is_logged != is_deleted, (first, second)
        outcomes.add(is_logged)
    assert outcomes <= {True, False}
