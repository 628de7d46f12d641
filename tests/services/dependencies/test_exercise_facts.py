"""The copy of what exercises are now, also beside processes of the version before."""

import json
from contextlib import contextmanager
from types import SimpleNamespace

import psycopg2.extensions
import pytest
from sqlalchemy import text

from services import migrate
from services.dependencies.database import Database
from services.dependencies.exercise_facts import ExerciseFacts
from services.process import budgets
from services.process.settings import SETTINGS_KEY
from tests.services.databases import address_of, empty_database

OF_THE_VERSION_BEFORE = """
    INSERT INTO exercise_facts AS known (exercise_id, name, rep_type, measure, position,
        measure_position, owner_id, owner_position)
    SELECT exercise_id, name, rep_type, measure, position, position, owner_id, position
    FROM json_to_recordset(CAST(:facts AS json)) AS given (exercise_id bigint, name text,
        rep_type text, measure text, position bigint, owner_id bigint)
    ON CONFLICT (exercise_id) DO UPDATE SET name = excluded.name, rep_type = excluded.rep_type,
        measure = excluded.measure, position = excluded.position,
        measure_position = excluded.measure_position, owner_id = excluded.owner_id,
        owner_position = excluded.owner_position
    WHERE (known.position, coalesce(known.owner_position, 0))
        < (excluded.position, coalesce(excluded.owner_position, 0))
"""
OF_AN_EARLIER_VERSION = """
    INSERT INTO exercise_facts AS known (exercise_id, name, rep_type, position)
    SELECT exercise_id, name, rep_type, position
    FROM json_to_recordset(CAST(:facts AS json)) AS given (
        exercise_id bigint, name text, rep_type text, position bigint)
    ON CONFLICT (exercise_id) DO UPDATE SET name = excluded.name, rep_type = excluded.rep_type,
        position = excluded.position
    WHERE known.position < excluded.position
"""
BENCH = {"exercise_id": 1, "name": "Bench", "rep_type": "count", "measure": "weight_reps"}
PULL_UPS = {"exercise_id": 4, "name": "Pull-ups", "rep_type": "count", "measure": "bodyweight_reps"}
PLANK = {"exercise_id": 6, "name": "Plank", "rep_type": "time", "measure": "duration"}
MUSCLES = ("primary_muscles", "secondary_muscles")
NO_MUSCLES: dict[str, list[str]] = {name: [] for name in MUSCLES}


@pytest.fixture(scope="module", params=["workouts", "analytics"])
def database(request, system):
    """A database of this module's own, of each service that has a copy."""
    service = request.param
    with empty_database(address_of(system, service)) as address:
        migrate.migrate(service, address)
        database = Database(service)
        settings = SimpleNamespace(databases={service: address})
        database.container = SimpleNamespace(config={SETTINGS_KEY: settings})
        database.setup()
        yield database
        database.stop()
        psycopg2.extensions.set_wait_callback(None)


class Catalogue:
    """The feed of an exercises service, which may be of the version before."""

    def __init__(self):
        self.feed = []
        self.untold = ()

    def change(self, *exercises):
        """Put exercises at the end of the feed."""
        for exercise in exercises:
            position = self.feed[-1]["position"] + 1 if self.feed else 1
            others = [one for one in self.feed if one["exercise_id"] != exercise["exercise_id"]]
            self.feed = [*others, NO_MUSCLES | exercise | {"position": position}]

    def changes(self, after, limit):
        found = [one for one in self.feed if one["position"] > after][:limit]
        return [{name: one[name] for name in one if name not in self.untold} for one in found]


class Copy:
    """The provider in a process, and the cache of what shows the copy."""

    def __init__(self, database, catalogue):
        self.database = database
        self.has_muscles = database.name == "analytics"
        self.catalogue = catalogue
        self.outdated = 0
        self.stale = []
        keys = "facts:version", "facts:user:{}:version".format
        self.facts = ExerciseFacts(*keys, with_muscles=self.has_muscles)
        self.facts.catalogue_changes = SimpleNamespace(generation=0, private_changes=0)

    def invalidate(self, _key):
        pass

    @contextmanager
    def changing(self, *keys):
        self.outdated += 1
        self.stale.append({*keys})
        yield

    def follow(self):
        self.facts.catalogue_changes.generation += 1
        self.facts.keep_up(self.database, self, self.catalogue.changes)
        return self.known()

    def known(self):
        with self.database.transaction() as connection:
            statement = text("SELECT name, rep_type, measure FROM exercise_facts ORDER BY 1")
            return [tuple(row) for row in connection.execute(statement)]

    def muscles(self):
        with self.database.transaction() as connection:
            statement = "SELECT name, primary_muscles, secondary_muscles FROM exercise_facts"
            return {name: muscles for name, *muscles in connection.execute(text(statement))}

    def follow_as_an_earlier_version(self, statement=OF_AN_EARLIER_VERSION):
        with self.database.transaction() as connection:
            values = {"facts": json.dumps(self.catalogue.feed)}
            connection.execute(text(statement), values)

    def follow_as_the_version_before(self):
        self.follow_as_an_earlier_version(OF_THE_VERSION_BEFORE)


@pytest.fixture
def catalogue():
    return Catalogue()


@pytest.fixture
def copy(database, catalogue):
    yield Copy(database, catalogue)
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM exercise_facts"))


@pytest.fixture
def copy_with_muscles(copy):
    if not copy.has_muscles:
        pytest.skip("this service has no copy of muscles")
    return copy


def shown(*exercises):
    return sorted((one["name"], one["rep_type"], one.get("measure")) for one in exercises)


def test_names_and_measures_are_copied(catalogue, copy):
    catalogue.change(BENCH, PLANK)
    assert copy.follow() == shown(BENCH, PLANK)

    held = PLANK | {"measure": "weight_duration"}
    catalogue.change(held, PULL_UPS)
    assert copy.follow() == shown(BENCH, held, PULL_UPS)
    assert copy.outdated == 2
    assert copy.follow() == shown(BENCH, held, PULL_UPS)
    assert copy.outdated == 2


def test_what_an_earlier_version_has_copied_gets_its_measures(catalogue, copy):
    catalogue.change(BENCH, PLANK)
    copy.follow_as_an_earlier_version()
    assert {measure for _, _, measure in copy.known()} == {None}
    assert copy.follow() == shown(BENCH, PLANK)


def test_a_process_of_an_earlier_version_may_be_the_first_to_see_a_change(catalogue, copy):
    catalogue.change(BENCH, PULL_UPS, PLANK)
    copy.follow()

    carried = PLANK | {"name": "Carry", "rep_type": "distance", "measure": "weight_distance"}
    catalogue.change(carried)
    copy.follow_as_an_earlier_version()
    assert copy.follow() == shown(BENCH, PULL_UPS, carried)


def test_an_exercises_service_of_an_earlier_version_tells_names_meanwhile(catalogue, copy):
    catalogue.untold = ("measure", *MUSCLES)
    catalogue.change(BENCH, PLANK)
    unmeasured = [one | {"measure": None} for one in (BENCH, PLANK)]
    assert copy.follow() == shown(*unmeasured)
    assert copy.follow() == shown(*unmeasured)
    assert copy.outdated == 1, "what was not news has outdated the cache"

    catalogue.untold = ()
    assert copy.follow() == shown(BENCH, PLANK)


def test_a_feed_of_both_versions_is_read_again(catalogue, copy, monkeypatch):
    """Two processes of the exercises service, one of each version, give a page each."""
    monkeypatch.setattr("services.dependencies.exercise_facts.BATCH", 1)
    catalogue.change(BENCH, PLANK)
    asked = iter([False, True, True, True, True, True])
    ask = catalogue.changes

    def either(after, limit):
        catalogue.untold = () if next(asked) else ("measure", *MUSCLES)
        return ask(after, limit)

    monkeypatch.setattr(catalogue, "changes", either)
    assert copy.follow() == shown(BENCH | {"measure": None}, PLANK)
    assert copy.follow() == shown(BENCH, PLANK)


def test_private_exercises_make_only_their_owners_results_stale(catalogue, copy):
    catalogue.change(BENCH)
    copy.follow()
    own = {"exercise_id": 1042, "name": "Row", "rep_type": "count", "measure": "reps"}
    catalogue.change(own | {"owner_id": 15}, own | {"exercise_id": 1043, "owner_id": 16})
    copy.facts.catalogue_changes.private_changes += 1
    copy.facts.keep_up(copy.database, copy, catalogue.changes)
    assert copy.stale == [{"facts:version"}, {"facts:user:15:version", "facts:user:16:version"}]
    assert ("Row", "count", "reps") in copy.known()


def test_private_exercises_of_a_user_who_was_erased_are_not_copied(catalogue, copy):
    """Though a page of the feed may have been read before."""
    with copy.database.transaction() as connection:
        connection.execute(text("INSERT INTO erased_users (user_id) VALUES (7)"))
    catalogue.change(BENCH, PULL_UPS | {"owner_id": 7}, PLANK | {"owner_id": 8})
    assert copy.follow() == shown(BENCH, PLANK)
    with copy.database.transaction() as connection:
        owners = connection.execute(text("SELECT owner_id FROM exercise_facts ORDER BY name"))
        assert list(owners.scalars()) == [None, 8]
        connection.execute(text("DELETE FROM erased_users"))


def test_owners_of_what_an_earlier_version_has_copied_become_known(catalogue, copy):
    catalogue.change(BENCH, PLANK | {"owner_id": 8})
    copy.follow_as_an_earlier_version()
    copy.follow()
    with copy.database.transaction() as connection:
        owners = connection.execute(text("SELECT owner_id FROM exercise_facts ORDER BY name"))
        assert list(owners.scalars()) == [None, 8]


def test_what_was_deleted_before_its_owner_was_known_is_forgotten(catalogue, copy):
    catalogue.change(PULL_UPS, BENCH, PLANK)
    copy.follow_as_an_earlier_version()
    catalogue.feed = [one for one in catalogue.feed if one["name"] != PULL_UPS["name"]]
    assert copy.follow() == shown(BENCH, PLANK)


def test_muscles_are_copied_where_they_are_wanted(catalogue, copy_with_muscles):
    copy = copy_with_muscles
    catalogue.change(BENCH | {"primary_muscles": ["chest"], "secondary_muscles": ["triceps"]})
    copy.follow()
    assert copy.muscles() == {"Bench": [["chest"], ["triceps"]]}
    catalogue.change(BENCH | {"primary_muscles": ["chest", "shoulders"]}, PLANK)
    copy.follow()
    assert copy.muscles() == {"Bench": [["chest", "shoulders"], []], "Plank": [[], []]}


def test_what_the_version_before_has_copied_gets_its_muscles(catalogue, copy_with_muscles):
    copy = copy_with_muscles
    catalogue.change(BENCH | {"primary_muscles": ["chest"]}, PLANK)
    copy.follow_as_the_version_before()
    assert copy.muscles() == {"Bench": [None, None], "Plank": [None, None]}
    copy.follow()
    assert copy.muscles() == {"Bench": [["chest"], []], "Plank": [[], []]}

    catalogue.change(BENCH | {"primary_muscles": ["triceps"]}, PULL_UPS)
    copy.follow_as_the_version_before()
    assert copy.muscles() == {"Bench": [["chest"], []], "Plank": [[], []], "Pull-ups": [None, None]}
    copy.follow()
    assert copy.muscles() == {"Bench": [["triceps"], []], "Plank": [[], []], "Pull-ups": [[], []]}


def test_an_exercises_service_of_the_version_before_tells_no_muscles_meanwhile(
    catalogue, copy_with_muscles
):
    copy = copy_with_muscles
    catalogue.untold = MUSCLES
    catalogue.change(BENCH | {"primary_muscles": ["chest"]}, PLANK)
    assert copy.follow() == shown(BENCH, PLANK)
    assert copy.muscles() == {"Bench": [None, None], "Plank": [None, None]}
    assert copy.follow() == shown(BENCH, PLANK)
    assert copy.outdated == 1, "what was not news has outdated the cache"

    catalogue.untold = ()
    copy.follow()
    assert copy.muscles() == {"Bench": [["chest"], []], "Plank": [[], []]}


def test_the_version_before_goes_on_where_this_one_has_copied(catalogue, copy):
    """As after a step back, and forward again."""
    catalogue.change(BENCH | {"primary_muscles": ["chest"]})
    copy.follow()
    catalogue.change(PLANK, BENCH | {"name": "Bench Press", "primary_muscles": ["triceps"]})
    copy.follow_as_the_version_before()
    assert copy.known() == shown(BENCH | {"name": "Bench Press"}, PLANK)
    with copy.database.transaction() as connection:
        cursor = connection.execute(text("SELECT max(owner_position) FROM exercise_facts"))
        assert cursor.scalar_one() == catalogue.feed[-1]["position"]
    assert copy.follow() == shown(BENCH | {"name": "Bench Press"}, PLANK)
    if copy.has_muscles:
        assert copy.muscles() == {"Bench Press": [["triceps"], []], "Plank": [[], []]}


def test_what_was_not_complete_is_asked_for_again_soon(catalogue, copy, monkeypatch):
    """Of two processes of the exercises service the same one could answer every ten seconds."""
    clock = SimpleNamespace(now=1000.0)
    module = SimpleNamespace(monotonic=lambda: clock.now)
    monkeypatch.setattr("services.dependencies.catalogue_copy.time", module)
    catalogue.change(BENCH)
    catalogue.untold = ("measure", *MUSCLES)
    copy.follow()
    catalogue.untold = ()

    clock.now += budgets.FACTS_RETRY_SECONDS
    copy.facts.keep_up(copy.database, copy, catalogue.changes)
    assert copy.known() == shown(BENCH)
    catalogue.change(PLANK)
    clock.now += budgets.FACTS_RETRY_SECONDS
    copy.facts.keep_up(copy.database, copy, catalogue.changes)
    assert copy.known() == shown(BENCH)
