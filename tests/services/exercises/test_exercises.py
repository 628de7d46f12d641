"""Exercises, over RPC and in the database."""

import json
import random
import uuid
from collections import Counter
from contextlib import contextmanager
from functools import partial

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from schemas.errors import InvalidParameter, NotFound
from schemas.exercises import SORT_FIELDS
from schemas.fields import Sort
from services.dependencies.cache_generations import CATALOGUE
from services.exercises import catalogue, indexing, reads, writes
from services.exercises.cached_reads import SHAPE, SLOTS, ExerciseReads
from services.process.settings import Settings
from services.transport.postgres.statements import fetch
from tests.services.exercises.search_queries import JUDGED
from tests.waiting import eventually

SHOWN = {
    *("id", "name", "slug", "description", "instructions", "category", "body_part"),
    *("primary_muscles", "secondary_muscles", "equipment", "all_equipment", "difficulty"),
    *(
        "measure",
        "rep_type",
        "unit",
        "aliases",
        "external_source",
        "external_id",
        "license",
        "license_author",
        "is_active",
    ),
    *("created_at", "updated_at", "owner", "notes", "merged_into", "mine"),
}
ENTRIES = catalogue.read()
HIDDEN = "Dragon Flag"


@pytest.fixture(scope="module")
def engine(system):
    engine = create_engine(Settings.from_environment(system.environment).databases["exercises"].url)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine):
    """A transaction of which nothing stays."""
    with engine.connect() as connection:
        yield connection


def fetching(connection):
    return partial(fetch, connection)


@pytest.fixture
def redis(system):
    place = system.environment["REDIS_HOST"], int(system.environment["REDIS_PORT"])
    with Redis(*place, decode_responses=True) as redis:
        yield redis


@pytest.fixture
def hidden(engine, redis):
    """The id of an exercise that is inactive for this test."""

    def set_active(is_active):
        with engine.begin() as connection:
            statement = text(
                "UPDATE exercises SET is_active = :is_active WHERE name = :name RETURNING id"
            )
            values = {"is_active": is_active, "name": HIDDEN}
            found = connection.execute(statement, values).scalar_one()
        redis.set(CATALOGUE, uuid.uuid4().hex, ex=60)
        return found

    yield set_active(False)
    set_active(True)


def names(page):
    return [exercise["name"] for exercise in page["items"]]


def everything(rpc, **query):
    first = rpc.exercises.list(limit=100, **query)
    pages = range(2, -(-first["total"] // 100) + 1)
    return first["items"] + [
        exercise
        for page in pages
        for exercise in rpc.exercises.list(limit=100, page=page, **query)["items"]
    ]


@contextmanager
def refused(field, constraint):
    with pytest.raises(InvalidParameter) as refusal:
        yield
    told = {(fault["field"], fault["details"]["constraint"]) for fault in refusal.value.faults}
    assert told == {(field, constraint)}


# One and several


def test_an_exercise_is_shown_whole(rpc):
    bench = rpc.exercises.get(1)
    assert bench.keys() == SHOWN
    written = ENTRIES[0]
    same = SHOWN & written.keys()
    assert {name: bench[name] for name in same} == {name: written[name] for name in same}
    assert bench["is_active"] is True
    assert bench["created_at"].endswith("Z")


def test_the_whole_catalogue_is_there(rpc):
    assert [rpc.exercises.get(id_)["slug"] for id_ in range(1, 7)] == list(catalogue.SEED_SLUGS)
    found = everything(rpc)
    assert {entry["slug"] for entry in ENTRIES} <= {exercise["slug"] for exercise in found}
    assert len({exercise["id"] for exercise in found}) == len(found)


@pytest.mark.parametrize("id_", [2**63 - 1, 999_999_999])
def test_a_missing_exercise(rpc, id_):
    for _ in range(2):
        with pytest.raises(NotFound):
            rpc.exercises.get(id_)


@pytest.mark.parametrize(
    ("id_", "constraint"), [(0, "min"), (2**63, "max"), ("bench", "type"), (True, "type")]
)
def test_an_id_that_can_not_be(rpc, id_, constraint):
    with refused("id", constraint):
        rpc.exercises.get(id_)


def test_several_at_once(rpc):
    found = rpc.exercises.get_many([3, 1, 3, 999_999_999])
    assert [exercise["id"] for exercise in found] == [1, 3]
    assert found[0] == rpc.exercises.get(1)
    assert rpc.exercises.get_many([]) == []


def test_several_need_a_list_of_ids(rpc):
    with refused("exercise_ids", "type"):
        rpc.exercises.get_many("1,2")
    with refused("id", "min"):
        rpc.exercises.get_many([1, 0])
    assert len(rpc.exercises.get_many([1] * 1000)) == 1
    with refused("exercise_ids", "max_items"):
        rpc.exercises.get_many([1] * 1001)


def test_an_inactive_exercise_is_left_out_and_answers_by_id(rpc, hidden):
    assert rpc.exercises.get(hidden)["is_active"] is False
    assert rpc.exercises.get_many([hidden])[0]["is_active"] is False
    assert HIDDEN not in names(rpc.exercises.search(HIDDEN))
    assert HIDDEN not in [exercise["name"] for exercise in everything(rpc)]
    assert HIDDEN not in [exercise["name"] for exercise in everything(rpc, muscles="core")]


# Lists


FILTERS = [
    ({"category": "cardio"}, lambda e: e["category"] == "cardio"),
    ({"category": "Cardio, flexibility"}, lambda e: e["category"] in {"cardio", "flexibility"}),
    ({"difficulty": "advanced,beginner"}, lambda e: e["difficulty"] in {"advanced", "beginner"}),
    ({"equipment": "EZ Bar,trap bar"}, lambda e: e["equipment"] in {"ez bar", "trap bar"}),
    ({"body_part": "Back, full body"}, lambda e: e["body_part"] in {"back", "full body"}),
    (
        {"body_part": "chest", "difficulty": "beginner"},
        lambda e: (e["body_part"], e["difficulty"]) == ("chest", "beginner"),
    ),
    ({"body_part": "tail"}, lambda _: False),
    ({"measure": "Assisted_Reps"}, lambda e: e["measure"] == "assisted_reps"),
    (
        {"measure": "weight_distance,distance_duration", "category": "strength"},
        lambda e: (e["rep_type"], e["category"]) == ("distance", "strength"),
    ),
    ({"muscles": "Chest"}, lambda e: "chest" in e["primary_muscles"] + e["secondary_muscles"]),
    (
        {"muscles": "lower back,obliques", "category": "strength", "equipment": "bodyweight"},
        lambda e: (
            {"lower back", "obliques"} & {*e["primary_muscles"], *e["secondary_muscles"]}
            and (e["category"], e["equipment"]) == ("strength", "bodyweight")
        ),
    ),
    ({"equipment": "spaceship"}, lambda _: False),
    ({"muscles": "tail"}, lambda _: False),
]


def in_words(given):
    """Name a test without an address, which each process of the suite would have otherwise."""
    return "" if callable(given) else str(given)[:50]


@pytest.mark.parametrize(("query", "passes"), FILTERS, ids=in_words)
def test_filters(rpc, query, passes):
    expected = [exercise["id"] for exercise in everything(rpc) if passes(exercise)]
    assert [exercise["id"] for exercise in everything(rpc, **query)] == expected
    assert rpc.exercises.list(**query)["total"] == len(expected)


def test_every_piece_of_equipment_is_found_and_counted(connection):
    entry = {**ENTRIES[0], "id": None, "name": "Zercher Zorb", "slug": "zercher-zorb"}
    pieces = {"equipment": "barbell", "all_equipment": ["barbell", "zorb"]}
    writes.save(connection, [entry | pieces])
    for filters in ({"equipment": ["zorb"]}, {"equipment": ["sled", "zorb"], "muscles": ["chest"]}):
        found = reads.list_page(fetching(connection), filters, [("name", "desc")], 1, 100)
        assert "Zercher Zorb" in names(found)
    found = reads.search_page(
        fetching(connection), "zercher zorb", {"equipment": ["zorb"]}, [], 1, 3
    )
    assert [exercise["all_equipment"] for exercise in found["items"]] == [["barbell", "zorb"]]
    counted = reads.count_facets(fetching(connection), {"equipment": ["zorb"]})
    assert [item["value"] for item in counted["equipment"]] == ["barbell", "zorb"]


def test_pages_follow_each_other(rpc):
    whole = everything(rpc)
    pages = [rpc.exercises.list(page=page, limit=7) for page in (1, 2, 3)]
    assert [exercise for page in pages for exercise in page["items"]] == whole[:21]
    assert {page["total"] for page in pages} == {len(whole)}
    assert rpc.exercises.list(page=10**9, limit=100) == {"items": [], "total": len(whole)}
    assert len(rpc.exercises.list()["items"]) == 10


HARDNESS = ["beginner", "intermediate", "advanced"]
SORT_KEYS = {
    "name": lambda exercise: exercise["name"].lower(),
    "category": lambda exercise: exercise["category"],
    "difficulty": lambda exercise: HARDNESS.index(exercise["difficulty"]),
    "equipment": lambda exercise: exercise["equipment"],
    "created_at": lambda exercise: exercise["created_at"],
}


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", SORT_KEYS)
def test_sorts_stably(rpc, field, direction):
    found = everything(rpc, sort=f"{field}:{direction}")
    keys = [(SORT_KEYS[field](exercise), exercise["id"]) for exercise in found]
    assert keys == sorted(keys, reverse=direction == "desc")


def test_sorts_by_several_fields(rpc):
    found = everything(rpc, sort="difficulty:desc,name")
    keys = [(-SORT_KEYS["difficulty"](e), SORT_KEYS["name"](e)) for e in found]
    assert keys == sorted(keys)


def test_sorts_by_name_if_nothing_is_said(rpc):
    assert everything(rpc) == everything(rpc, sort="name:asc")


@pytest.mark.parametrize(
    ("query", "field", "constraint"),
    [
        ({"category": "dance"}, "category", "one_of"),
        ({"category": "strength,"}, "category", "min_length"),
        ({"difficulty": "hard"}, "difficulty", "one_of"),
        ({"measure": "count"}, "measure", "one_of"),
        ({"muscles": "chest,,back"}, "muscles", "min_length"),
        ({"equipment": " , "}, "equipment", "min_length"),
        ({"body_part": "chest,"}, "body_part", "min_length"),
        ({"search": " ab "}, "search", "min_length"),
        ({"search": ""}, "search", "min_length"),
        ({"search": "   "}, "search", "min_length"),
        ({"sort": "slug"}, "sort", "one_of"),
        ({"limit": 101}, "limit", "max"),
        ({"page": 0}, "page", "min"),
        ({"bogus": 1}, "bogus", "unknown_parameter"),
    ],
)
def test_bad_queries(rpc, query, field, constraint):
    with refused(field, constraint):
        rpc.exercises.list(**query)


# Search


@pytest.mark.slow
def test_the_judged_set(rpc):
    missed = {}
    for query, right in JUDGED.items():
        found = names(rpc.exercises.search(query, limit=3))
        if not set(found) & set(right.split("|")):
            missed[query] = found
    assert len(JUDGED) >= 60
    assert 1 - len(missed) / len(JUDGED) >= 0.95, missed


@pytest.mark.parametrize(
    ("query", "right"),
    [
        ("bench", "Barbell Bench Press"),
        ("benhc pres", "Barbell Bench Press"),
        ("ohp", "Overhead Press"),
        ("pull up", "Pull-ups"),
        ("pullup", "Pull-ups"),
        ("Pull-ups", "Pull-ups"),
        ("développé", "Barbell Bench Press"),
        ("squat barbell", "Barbell Squat"),
    ],
)
def test_what_must_never_be_missed(rpc, query, right):
    assert right in names(rpc.exercises.search(query))[:3]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("ben", "Barbell Bench Press"),
        ("bench pres", "Barbell Bench Press"),
        ("squa", "Barbell Squat"),
        ("deadl", "Barbell Deadlift"),
        ("overhead pr", "Overhead Press"),
    ],
)
def test_what_is_being_typed_finds_first_what_it_will_find_whole(rpc, typed, first):
    assert names(rpc.exercises.search(typed))[0] == first


def slipped(word, chance):
    place = chance.randrange(len(word) - 1)
    other = chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        [
            word[:place] + other + word[place + 1 :],
            word[:place] + word[place + 1 :],
            word[:place] + other + word[place:],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        ]
    )


@pytest.mark.slow
def test_a_slip_in_any_word_of_four_letters_is_forgiven(connection):
    chance = random.Random(20250216)
    missed = []
    for entry in ENTRIES:
        for title in [entry["name"], *entry["aliases"]]:
            words = title.split()
            long = [place for place, word in enumerate(words) if len(word) > 3 and word.isalpha()]
            if not long:
                continue
            place = chance.choice(long)
            words[place] = slipped(words[place], chance)
            query = " ".join(words)
            page = reads.search_page(fetching(connection), query, {}, [], 1, 100)
            if entry["name"] not in names(page):
                missed.append((query, entry["name"]))
    assert missed == []


def test_ranks_from_the_exact_name_to_the_description(connection):
    def like(name, aliases=(), description="Something to lift."):
        entry = {**ENTRIES[0], "id": None, "aliases": list(aliases), "description": description}
        return {**entry, "name": name, "slug": catalogue.slug(name)}

    ranked = [
        like("Zorbing"),
        like("Zorbing Uphill"),
        like("Slow Zorbing"),
        like("Hamster Ball", aliases=["Land Zorbing"]),
        like("Zobring Misspelt"),
        like("Rolling", description="It is much like zorbing."),
    ]
    writes.save(connection, reversed(ranked))
    found = names(reads.search_page(fetching(connection), "zorbing", {}, [], 1, 10))
    assert found == [entry["name"] for entry in ranked]
    paged = [
        reads.search_page(fetching(connection), "zorbing", {}, [], page, 2) for page in (1, 2, 3, 4)
    ]
    assert [name for page in paged for name in names(page)] == found
    assert {page["total"] for page in paged} == {len(ranked)}


def like(name, aliases=(), description="Something to lift.", equipment="barbell"):
    """Return an exercise that does not exist."""
    return {
        **ENTRIES[0],
        "id": None,
        "name": name,
        "slug": catalogue.slug(name),
        "aliases": list(aliases),
        "description": description,
        "equipment": equipment,
        "all_equipment": [equipment],
    }


@pytest.fixture
def found(connection):
    """Return what a search finds among exercises that are added for this test."""

    def found(query, *entries):
        if entries:
            writes.save(connection, entries)
        return names(reads.search_page(fetching(connection), query, {}, [], 1, 10))

    return found


@pytest.mark.parametrize(
    ("query", "right"),
    [
        ("Bench Press (Barbell)", "Barbell Bench Press"),
        ("Bench Press (Dumbbell)", "Dumbbell Bench Press"),
        ("Bench Press - Close Grip (Barbell)", "Close-Grip Bench Press"),
        ("Seated Leg Curl (Machine)", "Seated Leg Curl"),
        ("Bicep Curl (Dumbbell)", "Dumbbell Curl"),
        ("Lat Pulldown (Cable)", "Lat Pulldown"),
        ("Rack Pull (Barbell)", "Rack Pull"),
        ("Overhead Press (Dumbbell)", "Dumbbell Overhead Press"),
        ("Preacher Curl (Barbell)", "Preacher Curl"),
        ("Squat (Bodyweight)", "Bodyweight Squat"),
    ],
)
def test_names_with_equipment_in_brackets(rpc, query, right):
    assert names(rpc.exercises.search(query))[0] == right


def test_an_equal_set_of_words_comes_before_everything(found):
    ranked = [
        like("Zorb Quux Flip"),
        like("Gronk", aliases=["Flips of the Quux-Zorb"]),
        like("Zorb Quux Flip Jump"),
    ]
    assert found("quux zorb flip (barbell)", *reversed(ranked)) == [
        entry["name"] for entry in ranked
    ]


def test_equipment_finds_an_exercise_and_other_equipment_does_not(found):
    entries = [like("Zorb Quux", equipment="cable"), like("Seated Zorb Quux", equipment="machine")]
    assert found("Zorb Quux (Cable)", *entries) == ["Zorb Quux"]
    assert found("zorb machine") == ["Seated Zorb Quux"]
    assert found("Zorb Quux (Dumbbell)") == []
    assert found("zorb qux cable") == ["Zorb Quux"]


def test_a_barbell_stands_before_an_ez_bar_that_is_one_too(found):
    entries = [
        like("Gronk", aliases=["Zorb Flip"], equipment="ez bar"),
        like("Zorb Gronk", aliases=["Zorb Flip"], equipment="barbell"),
    ]
    assert found("Zorb Flip (Barbell)", *entries) == ["Zorb Gronk", "Gronk"]
    assert found("Zorb Flip (Langhantel)") == ["Zorb Gronk", "Gronk"]
    assert found("Zorb Flip (EZ Bar)") == ["Gronk"]


def imported(number, name, **given):
    return {**like(name, **given), "external_source": "wger", "slug": f"wger-{number}"}


def test_the_catalogue_s_own_stand_before_imported_ones(found):
    entries = [
        like("Zorb Quux with a Long Name"),
        like("Barbell Zorb Quux"),
        imported(1, "Zorb Quux"),
        imported(2, "Zorb Quux BB"),
        imported(3, "Zorb Quux Up"),
    ]
    assert found("zorb quux", *entries) == [
        "Barbell Zorb Quux",
        "Zorb Quux",
        "Zorb Quux BB",
        "Zorb Quux with a Long Name",
        "Zorb Quux Up",
    ]


def test_several_words_are_all_in_the_titles_or_all_in_the_description(found):
    entries = [
        imported(1, "Gronk", description="A zorb of the quux."),
        like("Flip with a Long Name", description="A quuxing zorb."),
    ]
    assert found("zorb", *entries) == ["Flip with a Long Name", "Gronk"]
    assert found("zorb quux") == ["Flip with a Long Name", "Gronk"]
    assert found("quux of a zorb") == found("zorb quux")
    assert found("gronk zorb") == found("zorb quux barbell") == found("zarb quux") == []
    assert found("zorb q") == found("zorb")


def test_a_description_stands_behind_all_names(found):
    entries = [
        like("Gronk", description="Zorb and quux."),
        imported(1, "Zorb with a Long Name", aliases=["Quux"]),
        imported(2, "Zarb Quux"),
    ]
    assert found("zorb quux", *entries) == ["Zorb with a Long Name", "Zarb Quux", "Gronk"]


def test_what_the_version_before_has_written_is_found_and_indexed_again(connection, found):
    added = [like("Zorb Quux", equipment="machine"), imported(1, "Zorb Gronk", equipment="cable")]
    found("zorb", *added)
    # its statements know no keys of titles, and its words no equipment
    words_before = (
        "UPDATE exercises SET title_keys = NULL, title_words = name_words, "
        "search_words = name_words WHERE name LIKE 'Zorb %'"
    )
    connection.execute(text(words_before))
    assert found("zorb quux") == ["Zorb Quux"]
    assert found("zorb quux (machine)") == []

    assert indexing.index_all(InTransaction(connection)) == len(added)

    assert found("zorb quux (machine)") == ["Zorb Quux"]
    assert found("zorb gronk (cable)") == ["Zorb Gronk"]
    assert indexing.index_all(InTransaction(connection)) == 0


class InTransaction:
    """A database with one transaction, of which nothing stays."""

    def __init__(self, connection):
        self.connection = connection

    @contextmanager
    def transaction(self):
        yield self.connection


def test_all_words_must_be_found_in_any_order(rpc):
    assert "Cable Curl" in names(rpc.exercises.search("curl cable"))
    assert rpc.exercises.search("bench zzzzzz") == {"items": [], "total": 0}
    assert (
        rpc.exercises.search("bench press", limit=1)["total"]
        < (rpc.exercises.search("press", limit=1)["total"])
    )


def test_search_takes_filters_and_pages(rpc):
    found = rpc.exercises.search("press", equipment="barbell,dumbbell", muscles="chest", limit=100)
    assert found["total"] == len(found["items"]) > 3
    for exercise in found["items"]:
        assert {"barbell", "dumbbell"} & {*exercise["all_equipment"]}
        assert "chest" in exercise["primary_muscles"] + exercise["secondary_muscles"]
    second = rpc.exercises.search(
        "press", equipment="barbell,dumbbell", muscles="chest", page=2, limit=2
    )
    assert second == {"items": found["items"][2:4], "total": found["total"]}


def test_the_list_searches_by_relevance_or_as_it_is_told(rpc):
    by_relevance = rpc.exercises.list(search="squat", limit=100)
    assert by_relevance == rpc.exercises.search("squat", limit=100)
    by_name = rpc.exercises.list(search="squat", sort="name:desc", limit=100)
    assert by_name["total"] == by_relevance["total"]
    assert names(by_name) == sorted(names(by_relevance), key=str.lower, reverse=True)


@pytest.mark.parametrize("query", ["%%%", "___", "'; --", "(((", "\\\\\\", "&|!:*", "жим", "🏋🏋🏋"])
def test_a_query_without_known_words_finds_nothing(rpc, query):
    assert rpc.exercises.search(query) == {"items": [], "total": 0}


@pytest.mark.parametrize(
    "query", ["the", "with the", "a b c", "x" * 100, "ab " * 33, "ﬁﬁﬁ", "½ squat", "squat\tfront"]
)
def test_odd_queries_are_answered(rpc, query):
    assert rpc.exercises.search(query)["total"] >= 0


@pytest.mark.parametrize(
    ("query", "constraint"),
    [("ab", "min_length"), ("  ab  ", "min_length"), ("x" * 101, "max_length")],
)
def test_a_query_of_the_wrong_length(rpc, query, constraint):
    with refused("q", constraint):
        rpc.exercises.search(query)


def plans_of(connection, read, *given):
    """Return how PostgreSQL goes about the statements of a read."""
    plans = []

    def explain(statement, **values):
        if not statement.text.startswith("SET"):
            plan = connection.exec_driver_sql(f"EXPLAIN {statement.execution}", values)
            plans.extend(plan.scalars())
        return fetch(connection, statement, **values)

    read(explain, *given)
    return "\n".join(plans)


def test_search_reads_no_whole_table(connection):
    plans = plans_of(connection, reads.search_page, "benhc pres", {}, [], 1, 10)
    assert "Seq Scan" not in plans
    assert "exercise_words_by_spelling" in plans


@pytest.mark.parametrize(
    ("column", "index"),
    [("name_words", "name_words"), ("title_words", "title_words"), ("search_words", "all_words")],
)
def test_words_have_indexes(connection, column, index):
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    statement = f"EXPLAIN SELECT id FROM exercise_search WHERE {column} @@ 'bench:*'::tsquery"
    plan = "\n".join(connection.exec_driver_sql(statement).scalars())
    assert f"exercise_search_by_{index}" in plan


@pytest.mark.parametrize("column", ["all_equipment", "muscles"])
def test_filters_by_one_of_several_have_indexes(connection, column):
    # so small a table is read as cheaply by any other index, so a plan would say nothing
    statement = "SELECT indexdef FROM pg_indexes WHERE tablename = 'exercise_search'"
    definitions = connection.exec_driver_sql(statement).scalars().all()
    assert any(f"USING gin ({column}" in definition for definition in definitions)


@pytest.mark.parametrize(
    ("filters", "sort", "index"),
    [
        ({}, "name", "exercise_search_by_name"),
        ({"category": ["cardio"]}, "category", "exercise_search_by_category"),
        ({"body_part": ["arms"]}, "name", "exercise_search_by_body_part"),
        ({"measure": ["duration"]}, "name", "exercise_search_by_measure"),
        ({}, "difficulty", "exercise_search_by_difficulty"),
        ({}, "difficulty,name", "exercise_search_by_difficulty_and_name"),
        ({}, "difficulty:desc", "exercise_search_by_difficulty_descending"),
        ({}, "equipment:desc", "exercise_search_by_equipment_descending"),
    ],
)
def test_lists_have_indexes(connection, filters, sort, index):
    # the catalogue of the first start is so small that PostgreSQL may well read all of it
    connection.execute(text("ANALYZE exercise_search"))
    connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"))
    order = Sort(SORT_FIELDS).deserialize(sort)
    assert index in plans_of(connection, reads.list_page, filters, order, 1, 1)


def test_what_is_looked_at_follows_the_exercises(connection):
    def differences():
        statement = text(
            """
            (SELECT id FROM (TABLE exercise_search_rows EXCEPT TABLE exercise_search) AS missing)
            UNION ALL
            (SELECT id FROM (TABLE exercise_search EXCEPT TABLE exercise_search_rows) AS extra)
            """
        )
        return connection.execute(statement).scalars().all()

    entry = {**ENTRIES[0], "id": None, "name": "Zwieback", "slug": "zwieback"}
    for change in [
        lambda: writes.save(connection, [entry]),
        lambda: writes.save(connection, [entry | {"difficulty": "beginner", "aliases": ["Zopf"]}]),
        lambda: connection.execute(text("UPDATE exercises SET is_active = id % 2 = 0")),
        lambda: connection.execute(text("UPDATE exercises SET is_active = true")),
        lambda: connection.execute(text("DELETE FROM exercises WHERE name = 'Zwieback'")),
    ]:
        change()
        assert differences() == []
    assert reads.list_page(fetching(connection), {}, [("name", "asc")], 1, 1)["total"] == len(
        ENTRIES
    )


# Facets


def several_values(exercise, facet):
    if facet == "muscles":
        return {*exercise["primary_muscles"], *exercise["secondary_muscles"]}
    if facet == "equipment":
        return {*exercise["all_equipment"]}
    return {exercise[facet]} - {None}


@pytest.mark.parametrize(
    "query",
    [
        *({}, {"category": "strength", "muscles": "Chest,back"}, {"equipment": "spaceship"}),
        {"measure": "bodyweight_reps,reps"},
    ],
)
def test_facets_count_what_the_filters_let_through(rpc, query):
    found = everything(rpc, **query)
    told_facets = rpc.exercises.facets(**query)
    assert told_facets.keys() == {
        *("category", "body_part", "equipment", "difficulty", "measure", "muscles")
    }
    for facet, values in told_facets.items():
        counts = Counter(value for e in found for value in several_values(e, facet))
        told = [(item["value"], item["count"]) for item in values]
        assert told == sorted(counts.items(), key=lambda item: (-item[1], item[0])), facet


def test_what_the_version_before_has_written_is_measured_by_what_it_counts(connection):
    connection.execute(text("UPDATE exercises SET measure = NULL WHERE id IN (4, 6)"))
    listed = partial(reads.list_page, fetching(connection), sort=[("name", "asc")], page=1)
    for exercise_id, measure in [(4, "weight_reps"), (6, "duration")]:
        assert reads.get(fetching(connection), exercise_id)["measure"] == measure
        found = listed({"measure": [measure]}, limit=1000)
        assert exercise_id in [exercise["id"] for exercise in found["items"]]


def test_facets_leave_out_what_is_inactive_or_has_no_value(rpc, connection):
    before = rpc.exercises.facets()
    connection.execute(text("UPDATE exercises SET is_active = false WHERE id = 1"))
    connection.execute(text("UPDATE exercises SET difficulty = NULL WHERE id = 2"))
    counted = reads.count_facets(fetching(connection), {})
    assert total(counted, "category") == total(before, "category") - 1
    assert total(counted, "difficulty") == total(before, "difficulty") - 2


def total(counted, name):
    return sum(item["count"] for item in counted[name])


@pytest.mark.parametrize("name", ["page", "limit", "sort", "search"])
def test_facets_have_no_pages(rpc, name):
    with refused(name, "unknown_parameter"):
        rpc.exercises.facets(**{name: 1})


# Keeping


def test_answers_are_kept_under_the_keys_of_the_seed(rpc, redis):
    rpc.exercises.get(2)
    rpc.exercises.list(category="cardio", limit=3)
    rpc.exercises.search("Zercher", limit=3)
    rpc.exercises.facets(equipment="sled,ab wheel")
    for pattern, of, hours in [
        ("exercise:id:2", SHAPE, 24),
        ("exercise:list:category:cardio:*", f"category=cardio:sort=:page=1:limit=3:{SHAPE}", 1),
        ("exercise:search:*", f"zercher:sort=:page=1:limit=3:{SHAPE}", 0.5),
        ("exercise:facets:*", f"equipment=ab wheel,sled:{SHAPE}", 1),
    ]:
        key = eventually(lambda pattern=pattern, of=of: kept_of(redis, pattern, of))
        assert hours * 3600 - 60 < redis.ttl(key) <= hours * 3600


def test_what_the_version_before_has_kept_is_not_shown(rpc, redis):
    """It has no measures, and lives a day under the same keys and generation."""
    calls = [
        ("exercise:id:3", SHAPE, lambda: rpc.exercises.get(3)),
        (
            "exercise:list:category:cardio:*",
            f"category=cardio:sort=:page=1:limit=2:{SHAPE}",
            lambda: rpc.exercises.list(category="cardio", limit=2),
        ),
        (
            "exercise:search:*",
            f"thruster:sort=:page=1:limit=2:{SHAPE}",
            lambda: rpc.exercises.search("Thruster", limit=2),
        ),
        (
            "exercise:facets:*",
            f"equipment=sled:{SHAPE}",
            lambda: rpc.exercises.facets(equipment="sled"),
        ),
    ]
    for pattern, of, call in calls:
        shown = call()
        key = eventually(lambda pattern=pattern, of=of: kept_of(redis, pattern, of))
        before = json.loads(redis.get(key))
        before |= {"of": of.removesuffix(SHAPE).removesuffix(":") or None, "value": {"old": 1}}
        redis.set(key, json.dumps(before), ex=60)
        assert call() == shown


def kept_of(redis, pattern, of):
    for key in redis.keys(pattern):
        text = redis.get(key)
        if text and json.loads(text)["of"] == of:
            return key
    return None


@pytest.mark.slow
def test_there_is_no_end_of_questions_but_one_of_keys():
    class Keys(set):
        def get_or_make(self, key, _generation_key, _seconds, _make, of):
            self.add(key)

    keys = Keys()
    reads = ExerciseReads(None, keys)
    for number in range(30_000):
        query = {"equipment": [f"nothing {number}"], "page": number, "limit": 100}
        reads.list_page(query)
        reads.list_page({**query, "category": ["strength"]})
        reads.list_page({**query, "search": "x" * (number % 100 + 3)})
        reads.facets(query)
    assert len(keys) == 4 * SLOTS
    assert all(key.startswith("exercise:") and len(key) < 64 for key in keys)


def test_a_change_makes_everything_that_was_kept_stale(rpc, engine, redis):
    def read():
        return [
            rpc.exercises.get(5),
            rpc.exercises.list(category="cardio", limit=100)["items"],
            rpc.exercises.search("running", limit=1)["items"],
        ]

    def describe(description):
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE exercises SET description = :description WHERE id = 5"),
                {"description": description},
            )

    before = read()
    try:
        describe("Changed.")
        assert read() == before
        redis.set(CATALOGUE, uuid.uuid4().hex, ex=60)
        after = read()
    finally:
        describe(before[0]["description"])
        redis.set(CATALOGUE, uuid.uuid4().hex, ex=60)
    assert after[0]["description"] == "Changed."
    assert "Changed." in [exercise["description"] for exercise in after[1]]
    assert after[2][0]["description"] == "Changed."


# Saving


def test_saving_again_changes_nothing(connection):
    assert writes.save(connection, ENTRIES) == writes.Saved(added=0, changed=0)


def test_saving_updates_what_differs_and_adds_what_is_missing(connection):
    tidied = {**ENTRIES[0], "aliases": ["Zwinger"]}
    added = {**ENTRIES[1], "id": None, "name": "Zwilling", "slug": "zwilling"}
    assert writes.save(connection, [tidied, added, *ENTRIES[2:]]) == writes.Saved(1, 1)
    assert names(reads.search_page(fetching(connection), "zwinger", {}, [], 1, 3)) == [
        tidied["name"]
    ]
    (found,) = reads.search_page(fetching(connection), "zwilling", {}, [], 1, 3)["items"]
    assert found["id"] > len(ENTRIES)


def test_saving_leaves_other_sources_alone(connection):
    taken = text("UPDATE exercises SET external_source = 'elsewhere', name = 'Mine' WHERE id = 4")
    connection.execute(taken)
    assert writes.save(connection, ENTRIES) == writes.Saved(added=0, changed=0)
    assert reads.get(fetching(connection), 4)["name"] == "Mine"
