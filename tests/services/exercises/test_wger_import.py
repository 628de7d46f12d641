"""The import from wger, against a server that behaves like it and one that does not."""

import io
import itertools
import json
import random
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from unittest.mock import Mock
from urllib.parse import urlsplit

import psycopg2.extensions
import pytest
from nameko.exceptions import RpcTimeout
from nameko.standalone.rpc import ClusterRpcProxy
from sqlalchemy import create_engine, text

from schemas.errors import BadGateway, Conflict, ServiceUnavailable
from services import migrate
from services.dependencies.cache import Cache
from services.dependencies.cache_generations import CATALOGUE
from services.dependencies.database import Database
from services.exercises import catalogue, reads, writes
from services.exercises.wger import applying, client, filling, importing, staging
from services.exercises.wger.client import WgerClient
from services.exercises.wger.importing import Import
from services.exercises.wger.provider import WgerImports
from services.process.settings import SETTINGS_KEY, BadSettings, Settings
from services.transport.postgres.statements import fetch
from stack.layout import CHECKOUT
from stack.wger import Meter
from tests.broker_administration import Administration
from tests.fakes import wger_server as faults
from tests.fakes.wger_server import (
    GERMAN,
    STORED,
    WgerServer,
    another_host,
    generated,
    make_entry,
    make_translation,
    stored_entries,
    stored_languages,
)
from tests.services.databases import empty_database
from tests.waiting import eventually

pytestmark = pytest.mark.slow

PAUSES = (0.01, 0.01, 0.01)
FEW = 12
PAGE = 5


class WatchedCache:
    """A cache of which only the version counts, and what the catalogue was when it changed."""

    def __init__(self):
        self.changes = 0
        self.is_changing = False

    @contextmanager
    def changing(self, *keys):
        assert keys == (CATALOGUE,)
        self.is_changing = True
        yield
        self.is_changing = False
        self.changes += 1


@pytest.fixture(scope="module")
def server_address(system):
    """Where an empty database can be made."""
    return Settings.from_environment(system.environment).databases["exercises"]


@pytest.fixture(scope="module")
def address(server_address):
    """A database of this module's own: the catalogue of the others must stay as it is."""
    with empty_database(server_address) as address:
        migrate.migrate("exercises", address)
        yield address


@pytest.fixture(scope="module")
def whole_database(address):
    database = Database("exercises")
    settings = SimpleNamespace(databases={"exercises": address})
    database.container = SimpleNamespace(config={SETTINGS_KEY: settings})
    database.setup()
    with database.transaction() as connection:
        writes.save(connection, catalogue.read())
    yield database
    database.stop()
    psycopg2.extensions.set_wait_callback(None)


@pytest.fixture
def database(whole_database):
    yield whole_database
    with whole_database.transaction() as connection:
        connection.execute(text("DELETE FROM exercises WHERE external_source = 'wger'"))
        connection.execute(text("DELETE FROM wger_entries"))
        connection.execute(text("DELETE FROM wger_import"))
        connection.execute(text("INSERT INTO wger_import DEFAULT VALUES"))


@pytest.fixture
def cache():
    return WatchedCache()


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(client, "PAGE", PAGE)


@pytest.fixture
def wger(small_pages):
    with WgerServer(generated(FEW)) as server:
        yield server


@pytest.fixture
def run(database, cache):
    """Import from a server and return the report."""

    def run(server, pauses=PAUSES, sleep=time.sleep, url=None):
        work = Import(database, cache, WgerClient(url or server.url, pauses, sleep))
        try:
            return work.run()
        except Exception as problem:
            work.note_failure(str(problem))
            raise
        finally:
            work.close()

    return run


@pytest.fixture
def imported(database):
    """Return what there is of wger, by external id."""

    def imported(columns="*"):
        with database.transaction() as connection:
            statement = text(
                f"SELECT {columns}, external_id FROM exercises WHERE external_source = 'wger' "
                "ORDER BY id"
            )
            rows = connection.execute(statement).mappings()
            return {row["external_id"]: dict(row) for row in rows}

    return imported


@pytest.fixture
def status(database):
    def status():
        with database.transaction() as connection:
            return staging.status(connection)

    return status


def counts(report):
    return tuple(report[name] for name in ("added", "changed", "unchanged", "deactivated"))


def skipped(report):
    return {item["reason"]: item["count"] for item in report["skipped"]}


def adds_up(report):
    handled = report["added"] + report["changed"] + report["unchanged"]
    return report["read"] == handled + sum(item["count"] for item in report["skipped"])


# Once, and again


def test_a_whole_catalogue_is_imported(wger, run, imported):
    report = run(wger)

    assert counts(report) == (FEW, 0, 0, 0)
    assert (report["read"], report["complete"], report["skipped"]) == (FEW, True, [])
    assert wger.offsets == [0, 5, 10]
    found = imported()
    assert set(found) == {str(entry["id"]) for entry in wger.entries}
    assert all(row["is_active"] and row["difficulty"] is None for row in found.values())
    assert found["1"]["external_uuid"].int == 1


def test_a_second_import_changes_nothing(wger, run, imported):
    run(wger)
    before = imported()
    for entry in wger.entries:
        entry["translations"].reverse()

    report = run(wger)

    assert counts(report) == (0, 0, FEW, 0)
    assert imported() == before


def test_what_changed_upstream_changes_here_and_keeps_its_address(wger, run, imported):
    run(wger)
    before = imported()
    wger.entries[3] = make_entry(4, "A New Name", description="<p>New.</p>")

    report = run(wger)

    assert counts(report) == (0, 1, FEW - 1, 0)
    old, new = before["4"], imported()["4"]
    assert (new["name"], new["description"]) == ("A New Name", "New.")
    assert (new["id"], new["slug"], new["created_at"]) == (
        old["id"],
        old["slug"],
        old["created_at"],
    )
    assert new["updated_at"] > old["updated_at"]


def test_what_disappears_upstream_becomes_inactive_and_can_come_back(wger, run, imported):
    run(wger)
    before = imported()
    gone = wger.entries.pop(6)

    report = run(wger)

    assert counts(report) == (0, 0, FEW - 1, 1)
    assert imported("id, is_active")["7"] == {
        "id": before["7"]["id"],
        "is_active": False,
        "external_id": "7",
    }
    assert counts(run(wger)) == (0, 0, FEW - 1, 0)
    wger.entries.append(gone)
    assert counts(run(wger)) == (0, 1, FEW - 1, 0)
    assert imported()["7"]["is_active"]


def test_what_is_imported_can_be_found(wger, run, database):
    wger.entries.append(make_entry(99, "Jefferson Curl", aliases=["Spinal Wave"]))

    run(wger)

    with database.transaction() as connection:
        for query in ("jefferson curl", "jeferson", "spinal wave"):
            found = reads.search_page(partial(fetch, connection), query, {}, [], 1, 10)["items"]
            assert found[0]["external_id"] == "99", query
        assert found[0]["license"] == "CC-BY-SA 4"
        assert found[0]["license_author"] == "somebody"


# Numbers that add up


def test_each_entry_that_is_skipped_has_its_reason(wger, run, imported):
    wger.entries = [
        make_entry(1, "Jefferson Curl"),
        make_entry(2, "Nur Deutsch", language=GERMAN),
        make_entry(3, "<p> </p>"),
        make_entry(1, "Jefferson Curl"),
        {"id": "nonsense"},
        "nonsense",
        make_entry(1, "Jefferson Curl"),
        make_entry(4, "PULL UPS"),
        make_entry(5, "Zercher Shrugs"),
        make_entry(2, "Nur Deutsch", language=GERMAN),
    ]

    report = run(wger)

    assert (report["read"], report["added"], adds_up(report)) == (10, 2, True)
    assert skipped(report) == {
        "duplicate": 3,
        "malformed": 2,
        "no_english_name": 2,
        "name_of_manual_exercise": 1,
    }
    assert report["skipped"][0]["count"] == 3
    examples = {item["reason"]: item["examples"] for item in report["skipped"]}
    assert examples["name_of_manual_exercise"] == [
        {"external_id": "4", "name": "Pull Ups", "exercise_id": 4}
    ]
    assert examples["no_english_name"][0] == {"external_id": "2", "name": "Nur Deutsch"}
    assert examples["malformed"] == [{}, {}]
    assert set(imported()) == {"1", "5"}


def test_manual_exercises_are_never_touched(wger, run, database):
    manual = text("SELECT * FROM exercises WHERE external_source = 'manual' ORDER BY id")
    with database.transaction() as connection:
        before = connection.execute(manual).all()
    wger.entries = [
        make_entry(number, entry["name"]) for number, entry in enumerate(catalogue.read(), 1)
    ]

    report = run(wger)

    assert counts(report) == (0, 0, 0, 0)
    assert skipped(report) == {"name_of_manual_exercise": len(before)}
    with database.transaction() as connection:
        assert connection.execute(manual).all() == before


def test_one_name_twice_has_two_addresses_that_stay(wger, run, imported):
    wger.entries = [make_entry(number, "Supino") for number in (10, 11, 12)]
    wger.entries.append(make_entry(5, "Supino 11"))

    run(wger)
    slugs = {number: row["slug"] for number, row in imported().items()}
    wger.entries.reverse()
    report = run(wger)

    assert slugs == {"10": "supino", "11": "supino-11", "12": "supino-12", "5": "supino-11-5"}
    assert {number: row["slug"] for number, row in imported().items()} == slugs
    assert counts(report) == (0, 0, 4, 0)


def test_an_entry_that_loses_its_english_name_stays_as_it_was(wger, run, imported):
    run(wger)
    wger.entries[0]["translations"] = [make_translation(1, "Nur Deutsch", GERMAN)]

    report = run(wger)

    assert (counts(report), skipped(report)) == ((0, 0, FEW - 1, 0), {"no_english_name": 1})
    assert imported()["1"]["is_active"]


def test_slugs_never_end_in_a_dead_end():
    taken = {"supino", "supino-7", "supino-7-2"}

    assert applying.choose_slug("Supino!", "7", taken) == "supino-7-3"
    assert len(applying.choose_slug("long " * 100, "7", set())) <= applying.LONGEST_SLUG


# Who is who: by uuid, then by id


def renumbered(entries, ids):
    """Return the entries of a server that has given them other ids."""
    return [{**entry, "id": number} for entry, number in zip(entries, ids, strict=True)]


def uuid_of(number):
    return str(uuid.UUID(int=number))


@pytest.fixture
def by_uuid(database):
    """Return what there is of wger, by uuid."""

    def by_uuid():
        with database.transaction() as connection:
            statement = text("SELECT * FROM exercises WHERE external_source = 'wger'")
            rows = connection.execute(statement).mappings()
            return {row["external_uuid"].int: dict(row) for row in rows}

    return by_uuid


def without_stamps(rows):
    return {key: row | {"updated_at": None} for key, row in rows.items()}


def test_an_entry_that_was_made_anew_upstream_is_the_same_exercise(wger, run, by_uuid):
    run(wger)
    before = by_uuid()
    wger.entries.append({**wger.entries.pop(3), "id": 950})

    report = run(wger)

    assert counts(report) == (0, 1, FEW - 1, 0)
    old, new = before[4], by_uuid()[4]
    assert new == old | {"external_id": "950", "updated_at": new["updated_at"]}
    assert counts(run(wger)) == (0, 0, FEW, 0)


@pytest.mark.parametrize(
    "ids",
    [range(501, 501 + FEW), range(FEW, 0, -1), [*range(2, FEW + 1), 1]],
    ids=["all others", "reversed", "shifted by one"],
)
def test_another_server_has_the_same_exercises_under_other_ids(wger, run, by_uuid, ids):
    run(wger)
    before = by_uuid()
    with WgerServer(renumbered(wger.entries, ids)) as other:
        report = run(other)
        changed = by_uuid()
        again = run(other)

    assert counts(report) == (0, FEW, 0, 0)
    assert counts(again) == (0, 0, FEW, 0)
    assert {key: row["external_id"] for key, row in changed.items()} == {
        key: str(number) for key, number in enumerate(ids, start=1)
    }
    assert {key: row["id"] for key, row in changed.items()} == {
        key: row["id"] for key, row in before.items()
    }
    assert counts(run(wger)) == (0, FEW, 0, 0)
    assert without_stamps(by_uuid()) == without_stamps(before)


def test_two_entries_that_have_changed_ids(wger, run, by_uuid):
    run(wger)
    before = by_uuid()
    wger.entries[0]["id"], wger.entries[1]["id"] = 2, 1

    report = run(wger)

    assert counts(report) == (0, 2, FEW - 2, 0)
    now = by_uuid()
    assert [now[key]["id"] for key in (1, 2)] == [before[key]["id"] for key in (1, 2)]
    assert [now[key]["external_id"] for key in (1, 2)] == ["2", "1"]
    assert counts(run(wger)) == (0, 0, FEW, 0)


def test_the_uuid_wins_over_the_id(wger, run, by_uuid):
    wger.entries = [make_entry(1, "Jerk"), make_entry(2, "Zercher Shrugs")]
    run(wger)
    before = by_uuid()
    wger.entries = [make_entry(2, "Jerk", uuid=uuid_of(1))]

    report = run(wger)

    assert counts(report) == (0, 1, 0, 1)
    now = by_uuid()
    assert (now[1]["id"], now[1]["external_id"]) == (before[1]["id"], "2")
    assert (now[2]["external_id"], now[2]["is_active"], now[2]["name"]) == (
        None,
        False,
        "Zercher Shrugs",
    )
    assert counts(run(wger)) == (0, 0, 1, 0)
    wger.entries.append(make_entry(9, "Zercher Shrugs", uuid=uuid_of(2)))
    assert counts(run(wger)) == (0, 1, 1, 0)
    assert by_uuid()[2]["id"] == before[2]["id"]


def test_another_server_s_own_exercise_does_not_take_a_history(wger, run, by_uuid):
    """The ids of a server of one's own begin at 1, as everybody's do."""
    wger.entries = [make_entry(1, "Jerk"), make_entry(2, "Zercher Shrugs")]
    run(wger)
    before = by_uuid()
    with WgerServer([make_entry(1, "Jefferson Curl", uuid=uuid_of(77))]) as other:
        report = run(other)
        again = run(other)

    assert (counts(report), counts(again)) == ((1, 0, 0, 2), (0, 0, 1, 0))
    now = by_uuid()
    assert now.keys() == {1, 2, 77}
    assert (now[1]["id"], now[1]["name"]) == (before[1]["id"], "Jerk")
    assert [now[key]["is_active"] for key in (1, 2, 77)] == [False, False, True]
    assert counts(run(wger)) == (0, 2, 0, 1)
    assert [by_uuid()[key]["id"] for key in (1, 2)] == [before[key]["id"] for key in (1, 2)]


def test_the_same_id_and_name_are_the_same_exercise_under_another_uuid(wger, run, imported):
    run(wger)
    before = imported()
    wger.entries[3]["uuid"] = uuid_of(77)

    report = run(wger)

    assert counts(report) == (0, 1, FEW - 1, 0)
    now = imported()["4"]
    assert (now["id"], now["external_uuid"].int) == (before["4"]["id"], 77)


def test_without_a_uuid_the_id_says_who_it_is(wger, run, imported):
    del wger.entries[0]["uuid"]
    run(wger)
    before = imported()
    wger.entries[0] = make_entry(1, "A New Name")
    del wger.entries[1]["uuid"]

    report = run(wger)

    assert counts(report) == (0, 1, FEW - 1, 0)
    now = imported()
    assert [now[key]["id"] for key in "12"] == [before[key]["id"] for key in "12"]
    # what was known of it is kept
    assert [now[key]["external_uuid"].int for key in "12"] == [1, 2]


@pytest.mark.parametrize("name", ["Nur Deutsch", "PULL UPS"])
def test_what_is_skipped_is_known_by_its_uuid_and_stays_as_it_was(wger, run, by_uuid, name):
    run(wger)
    before = by_uuid()
    language = GERMAN if name == "Nur Deutsch" else 2
    wger.entries[3] = make_entry(950, name, language=language, uuid=uuid_of(4))

    report = run(wger)

    assert counts(report) == (0, 0, FEW - 1, 0)
    assert by_uuid() == before


def test_of_two_exercises_that_are_one_entry_the_one_in_use_goes_on(wger, run, database, imported):
    """Such pairs are of earlier versions; each has histories, so none is touched."""
    run(wger)
    with database.transaction() as connection:
        connection.execute(
            text(
                "UPDATE exercises SET external_uuid = :uuid, is_active = false "
                "WHERE external_source = 'wger' AND external_id = '1'"
            ),
            {"uuid": uuid_of(2)},
        )
    before = imported()
    del wger.entries[0]

    assert counts(run(wger)) == (0, 0, FEW - 1, 0)
    assert imported() == before
    wger.entries[0]["id"] = 1
    assert counts(run(wger)) == (0, 1, FEW - 2, 0)
    assert counts(run(wger)) == (0, 0, FEW - 1, 0)
    assert imported()["1"]["id"] == before["2"]["id"]


def test_an_entry_that_is_listed_under_two_ids_is_one(wger, run, imported):
    wger.entries.append({**wger.entries[0], "id": 950})

    report = run(wger)

    assert (counts(report), skipped(report)) == ((FEW, 0, 0, 0), {"duplicate": 1})
    assert adds_up(report)
    assert set(imported()) == {str(number) for number in range(1, FEW + 1)}


def test_a_manual_exercise_is_nobody_else_whatever_its_uuid(wger, run, database):
    one = text("SELECT * FROM exercises WHERE id = 1")
    with database.transaction() as connection:
        connection.execute(
            text("UPDATE exercises SET external_id = '1', external_uuid = :uuid WHERE id = 1"),
            {"uuid": uuid_of(1)},
        )
        before = connection.execute(one).one()

    assert counts(run(wger)) == (FEW, 0, 0, 0)

    with database.transaction() as connection:
        assert connection.execute(one).one() == before
        connection.execute(
            text("UPDATE exercises SET external_id = NULL, external_uuid = NULL WHERE id = 1")
        )


def test_whoever_was_missed_is_asked_for_unless_it_was_read_under_another_id(
    wger, run, by_uuid, monkeypatch
):
    run(wger)
    wger.entries[0] = {**wger.entries[0], "id": 950}
    # the list changes while it is read, and entry 6 slips to the first page
    wger.fail(faults.before(lambda: wger.entries.pop(1)), offset=PAGE)
    wger.asked.clear()

    report = run(wger)

    alone = [
        path for path in wger.asked if "/exerciseinfo/?" not in path and "language" not in path
    ]
    assert [path.split("/")[-2] for path in alone] == ["6"]
    assert (counts(report), report["complete"]) == ((0, 1, FEW - 1, 0), True)


def test_an_entry_is_one_exercise_for_good_whatever_servers_do(wger, run, by_uuid, monkeypatch):
    # ids change hands within batches and between them
    monkeypatch.setattr(applying, "BATCH", 3)
    chance = random.Random(2025)
    names = {number: entry["translations"] for number, entry in enumerate(generated(8), 1)}
    first_known = {}
    for _ in range(25):
        listed = chance.sample(sorted(names), chance.randint(1, 8))
        ids = chance.sample(range(1, 12), len(listed))
        wger.entries = [
            make_entry(number, "", uuid=uuid_of(key)) | {"translations": names[key]}
            for key, number in zip(listed, ids, strict=True)
        ]

        report = run(wger)

        now = by_uuid()
        for key, row in now.items():
            assert row["id"] == first_known.setdefault(key, row["id"])
            assert row["is_active"] == (key in listed)
        assert {key: now[key]["external_id"] for key in listed} == dict(
            zip(listed, map(str, ids), strict=True)
        )
        assert adds_up(report)
        assert counts(run(wger)) == (0, 0, len(listed), 0)


def test_pages_that_the_version_before_has_read_are_matched_as_well(wger, run, database, by_uuid):
    run(wger)
    before = by_uuid()
    wger.entries[0] = {**wger.entries[0], "id": 950}
    interrupt(wger, run)
    with database.transaction() as connection:
        connection.execute(text("UPDATE wger_entries SET external_uuid = NULL"))

    assert counts(run(wger)) == (0, 1, FEW - 1, 0)
    assert wger.offsets == [5, 10]
    assert by_uuid()[1]["id"] == before[1]["id"]


def test_pages_that_the_version_before_has_read_get_measures(wger, run, database, imported):
    run(wger)
    before = imported("id, measure")
    interrupt(wger, run)
    with database.transaction() as connection:
        without = "(CAST(columns AS jsonb) - 'measure')::json"
        connection.execute(text(f"UPDATE wger_entries SET columns = {without}"))

    assert counts(run(wger)) == (0, 0, FEW, 0)
    assert imported("id, measure") == before


def test_what_the_version_before_has_imported_gets_its_measures(wger, run, database, imported):
    names = ("Pull-up Isometric Hold", "Pull-ups Behind the Neck", "Carry")
    wger.entries[:] = [make_entry(number, name) for number, name in enumerate(names, start=1)]
    run(wger)
    with database.transaction() as connection:
        statement = "UPDATE exercises SET measure = NULL WHERE external_id IN ('2', '3')"
        connection.execute(text(statement))

    assert filling.fill(database) == 2
    assert {key: row["measure"] for key, row in imported("measure").items()} == {
        "1": "duration",
        "2": "bodyweight_reps",
        "3": "weight_distance",
    }
    assert filling.fill(database) == 0


BEFORE = {
    "keeps a page": "INSERT INTO wger_entries (external_id, name, name_key, columns, reason) "
    "VALUES ('4', 'Jerk', 'jerk', '{}', NULL), (NULL, NULL, NULL, NULL, 'malformed')",
    "marks a clash": "UPDATE wger_entries s SET reason = 'name_of_manual_exercise', "
    "exercise_id = manual.id FROM exercises manual WHERE s.reason IS NULL "
    "AND manual.name_key = s.name_key AND manual.external_source <> 'wger'",
    "looks for its own": "SELECT s.place, s.external_id, s.columns, e.id FROM wger_entries s "
    "LEFT JOIN exercises e ON e.external_source = 'wger' AND e.external_id = s.external_id "
    "WHERE s.reason IS NULL",
    "deactivates": "UPDATE exercises e SET is_active = false, updated_at = now() "
    "WHERE e.external_source = 'wger' AND e.is_active AND NOT EXISTS "
    "(SELECT FROM wger_entries s WHERE s.external_id = e.external_id)",
    "forgets": "DELETE FROM wger_entries",
}
"""What an import of the version before asks of the tables, in its order."""


def test_an_import_of_the_version_before_works_on_the_new_tables(wger, run, database, by_uuid):
    run(wger)
    with database.transaction() as connection:
        for statement in BEFORE.values():
            connection.execute(text(statement))

    assert [key for key, row in by_uuid().items() if row["is_active"]] == [4]
    assert counts(run(wger)) == (0, FEW - 1, 1, 0)


def test_the_tables_go_back_and_forth(wger, run, address, by_uuid):
    run(wger)
    before = by_uuid()

    migrate.downgrade("exercises", address, "0005")
    migrate.migrate("exercises", address)

    assert by_uuid() == before
    assert counts(run(wger)) == (0, 0, FEW, 0)


# Servers


def test_a_server_that_gives_less_than_was_asked_for(wger, run):
    wger.largest_limit = 3

    report = run(wger)

    assert counts(report) == (FEW, 0, 0, 0)
    assert wger.offsets == [0, 3, 6, 9]


def test_a_server_without_languages(wger, run):
    wger.fail(faults.status(404), path="language", times=None)

    assert counts(run(wger)) == (FEW, 0, 0, 0)


def test_a_server_whose_english_has_another_id(wger, run, imported):
    wger.languages = [{"id": 2, "short_name": "de"}, {"id": 40, "short_name": "en"}]
    wger.entries = [make_entry(1, "Kreuzheben", language=2), make_entry(2, "Jerk", language=40)]

    run(wger)

    assert [row["name"] for row in imported().values()] == ["Jerk"]


@pytest.mark.skipif(not STORED.is_dir(), reason="the stored answers are not beside the checkout")
def test_the_answers_of_a_real_server(run, imported, database):
    with WgerServer(stored_entries(), stored_languages()) as wger:
        report = run(wger)
        again = run(wger)
        wger.entries = renumbered(wger.entries, range(5001, 5066))
        elsewhere = run(wger)

    assert adds_up(report)
    assert counts(elsewhere) == (0, report["added"], 0, 0)
    assert report["read"] == 65
    [clashes] = report["skipped"]
    assert clashes["reason"] == "name_of_manual_exercise"
    assert "Pull-ups" in {item["name"] for item in clashes["examples"]}
    assert counts(again) == (0, 0, report["added"], 0)
    slugs = {row["slug"] for row in imported().values()}
    assert {"supino-inclinado", "supino-inclinado-1793", "supino-inclinado-1800"} <= slugs


# Faults

PASSING_FAULTS = {
    "500": faults.status(500),
    "503 with Retry-After": faults.status(503, Retry_After="0"),
    "429 with Retry-After": faults.status(429, Retry_After="0"),
    "cut": faults.cut(),
    "cut before the first byte": faults.cut(share=0),
    "cut without a length": faults.cut(length=False),
    "hung up": faults.hang_up,
    "no JSON": faults.text("<html>Please sign in</html>", "text/html"),
    "empty": faults.text(""),
    "another shape": faults.text('{"detail": "no"}'),
    "a list": faults.text("[]"),
    "results are no list": faults.text('{"results": {}}'),
    "deeply nested": faults.text("[" * 100_000),
    "a number without end": faults.text('{"results": [' + "9" * 10_000 + "]}"),
    "not UTF-8": lambda handler, body: handler.answer(200, b"\xff\xfe{"),
}
FINAL_FAULTS = {
    "404": (faults.status(404), "404"),
    "403": (faults.status(403), "403"),
    "a redirect": (faults.redirect("/api/v3/exerciseinfo/"), "redirects"),
    "a redirect without target": (lambda handler, body: handler.answer(302, b""), "redirects"),
    "a huge answer": (faults.huge(17 * 1024 * 1024), "larger than 16 MiB"),
    "a huge answer, packed": (faults.huge(200 * 1024 * 1024, zipped=True), "larger than 16 MiB"),
}


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS)
@pytest.mark.parametrize("offset", [0, PAGE])
def test_a_fault_that_passes_makes_no_difference(wger, run, fault, offset):
    wger.fail(fault, offset, times=2)

    report = run(wger)

    assert (counts(report), report["complete"]) == ((FEW, 0, 0, 0), True)
    assert wger.offsets.count(offset) == 3


@pytest.mark.parametrize(("fault", "reason"), FINAL_FAULTS.values(), ids=FINAL_FAULTS)
def test_what_no_other_try_would_change_ends_the_import(wger, run, imported, fault, reason):
    wger.fail(fault, PAGE)

    with pytest.raises(BadGateway, match=reason):
        run(wger)

    assert wger.offsets == [0, PAGE]
    assert imported() == {}


def test_no_address_out_of_an_answer_is_followed(wger, run):
    with another_host() as other:
        wger.fail(faults.redirect(f"{other.url}/exerciseinfo/", 307), PAGE)
        with pytest.raises(BadGateway, match="not followed"):
            run(wger)
        page = {"count": FEW, "next": f"{other.url}/exerciseinfo/", "results": wger.entries[5:10]}
        wger.fail(faults.text(json.dumps(page)), PAGE)
        run(wger)

        assert other.asked == []


def test_a_silent_server_is_tried_again(wger, run, monkeypatch):
    monkeypatch.setattr(client, "SILENT_SECONDS", 0.2)
    wger.fail(faults.slow(0.5), PAGE)

    assert counts(run(wger)) == (FEW, 0, 0, 0)
    assert wger.offsets == [0, 5, 5, 10]


def test_a_server_that_drips_is_tried_again(wger, run, monkeypatch):
    monkeypatch.setattr(client, "RESPONSE_SECONDS", 0.3)
    wger.fail(faults.drip(pieces=50, pause=0.05), PAGE)

    assert counts(run(wger)) == (FEW, 0, 0, 0)
    assert wger.offsets == [0, 5, 5, 10]


def test_a_packed_answer_in_small_pieces(wger, run):
    wger.fail(faults.zipped)

    assert counts(run(wger)) == (FEW, 0, 0, 0)


def test_a_server_that_is_not_there(run):
    with WgerServer([]) as server:
        url = server.url

    with pytest.raises(ServiceUnavailable, match="wger failed 4 times: can't be reached"):
        run(None, url=url)


@pytest.mark.parametrize(
    ("given", "least"),
    [
        *(("7", 7), ("0", 0), ("9999999", 120), ("-5", 0), ("nonsense", 0), ("nan", 0), ("", 0)),
        *(("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Tue, 31 Dec 2199 23:59:59 GMT", 120)),
    ],
)
def test_the_server_says_how_long_to_wait(wger, run, given, least):
    slept = []
    wger.fail(faults.status(429, Retry_After=given))

    run(wger, pauses=(2, 2), sleep=slept.append)

    [pause] = slept
    assert least <= pause
    assert pause == least or 1 <= pause <= 3


def test_pauses_grow_and_are_never_the_same(wger, run):
    slept = []
    wger.fail(faults.status(500), times=None)

    for _ in range(2):
        with pytest.raises(ServiceUnavailable, match="answered 500"):
            run(wger, pauses=(1, 4, 16), sleep=slept.append)

    assert all(0.5 <= slept[place] / (1, 4, 16)[place % 3] <= 1.5 for place in range(6))
    assert len(set(slept)) == 6


@pytest.mark.parametrize("count", [None, -1, True, "many", 9])
def test_a_server_whose_count_is_no_help(wger, run, count):
    jerk = {"id": 1, "name": "Jerk", "language": "en"}
    wger.fail(faults.text(json.dumps({"count": count, "results": [jerk]})), offset=0)
    wger.fail(faults.text(json.dumps({"count": count, "results": []})), offset=1)

    assert counts(run(wger)) == (1, 0, 0, 0)


def test_a_list_without_end_has_one(wger, run, monkeypatch):
    monkeypatch.setattr(importing, "MOST_PAGES", 4)
    page = '{"next": "x", "results": [{"id": 1, "name": "Jerk", "language": "en"}]}'
    wger.fail(faults.text(page), offset=None, times=None)

    with pytest.raises(BadGateway, match="never ends"):
        run(wger)
    monkeypatch.setattr(importing, "MOST_ENTRIES", 2)
    with pytest.raises(BadGateway, match="never ends"):
        run(wger)


# In the middle


def test_an_import_that_fails_has_changed_nothing(wger, run, imported, status, cache):
    run(wger)
    before = imported()
    wger.entries = generated(3 * FEW)
    wger.entries[0] = make_entry(1, "A New Name")
    wger.fail(faults.status(500), offset=15, times=None)

    with pytest.raises(ServiceUnavailable):
        run(wger)

    assert imported() == before
    assert cache.changes == 1
    now = status()
    assert (now["state"], now["done"], now["total"]) == ("failed", 15, 36)
    assert "answered 500" in now["error"]


def test_the_next_import_goes_on_where_the_last_one_stopped(wger, run):
    wger.fail(faults.status(500), offset=PAGE, times=len(PAUSES) + 1)
    with pytest.raises(ServiceUnavailable):
        run(wger)
    wger.asked.clear()

    report = run(wger)

    assert wger.offsets == [5, 10]
    assert (counts(report), report["resumed_at"], adds_up(report)) == ((FEW, 0, 0, 0), 5, True)


def test_what_was_read_long_ago_is_read_again(wger, run, database):
    interrupt(wger, run)
    with database.transaction() as connection:
        connection.execute(text("UPDATE wger_import SET reading_since = now() - interval '2 days'"))

    run(wger)

    assert wger.offsets == [0, 5, 10]


def test_another_server_is_read_from_the_beginning(wger, run):
    interrupt(wger, run)
    with WgerServer(generated(FEW)) as other:
        assert counts(run(other)) == (FEW, 0, 0, 0)
        assert other.offsets == [0, 5, 10]


def test_a_list_that_is_not_what_it_was_is_read_from_the_beginning(wger, run):
    interrupt(wger, run)
    del wger.entries[0]

    report = run(wger)

    assert wger.offsets == [5, 0, 5, 10]
    assert (report["read"], report["complete"]) == (FEW - 1, True)


def interrupt(wger, run):
    """Let an import end after its first page."""
    wger.fail(faults.status(404), offset=PAGE)
    with pytest.raises(BadGateway):
        run(wger)
    wger.asked.clear()


def test_what_slips_from_page_to_page_is_not_taken_for_gone(wger, run, imported):
    run(wger)
    wger.fail(faults.before(lambda: wger.entries.pop(0)), offset=PAGE)
    wger.asked.clear()

    report = run(wger)

    # entry 6 went to the first page when that had been read
    assert wger.asked[-1].endswith("/exerciseinfo/6/")
    assert (report["complete"], counts(report)) == (True, (0, 0, FEW, 0))
    assert counts(run(wger)) == (0, 0, FEW - 1, 1)
    assert [number for number, row in imported().items() if not row["is_active"]] == ["1"]


def test_pages_in_another_order_each_time(wger, run, imported):
    run(wger)
    wger.fail(faults.before(wger.entries.reverse), offset=PAGE, times=1)

    report = run(wger)

    assert adds_up(report)
    assert skipped(report)["duplicate"] > 0
    assert (report["complete"], report["deactivated"]) == (True, 0)
    assert all(row["is_active"] for row in imported().values())


def test_a_server_that_always_sends_an_entry_twice(wger, run):
    wger.entries.append(wger.entries[0])
    run(wger)
    del wger.entries[3]

    assert counts(run(wger)) == (0, 0, FEW - 1, 1)


def test_with_too_many_missing_nothing_becomes_inactive(wger, run, imported, monkeypatch):
    monkeypatch.setattr(importing, "MOST_MISSING", 0)
    run(wger)
    wger.fail(faults.before(lambda: wger.entries.pop(0)), offset=PAGE)

    report = run(wger)

    assert (report["complete"], report["deactivated"]) == (False, 0)
    assert all(row["is_active"] for row in imported().values())


def test_a_server_without_exercises_empties_nothing(wger, run, imported):
    run(wger)
    wger.entries = []

    with pytest.raises(BadGateway, match="no exercises"):
        run(wger)

    assert all(row["is_active"] for row in imported().values())


def test_a_database_that_refuses_leaves_the_catalogue_as_it_was(wger, run, imported, monkeypatch):
    run(wger)
    before = imported()
    wger.entries = generated(2 * FEW)
    monkeypatch.setattr(
        applying, "_DEACTIVATE", text("SELECT 1 / 0 FROM exercises WHERE :source <> ''")
    )

    with pytest.raises(Exception, match="division by zero"):
        run(wger)
    assert imported() == before

    monkeypatch.undo()
    report = run(wger)
    assert (counts(report), report["resumed_at"]) == ((FEW, 0, FEW, 0), 2 * FEW)


def test_readers_see_all_of_an_import_or_nothing(small_pages, run, address, cache, monkeypatch):
    monkeypatch.setattr(applying, "BATCH", 10)
    seen = set()
    ended = threading.Event()
    engine = create_engine(address.url)

    def read():
        psql = engine.raw_connection()
        cursor = psql.cursor()
        while not ended.is_set():
            cursor.execute("SELECT count(*) FROM exercises WHERE external_source = 'wger'")
            seen.add(cursor.fetchone()[0])
            psql.commit()
            time.sleep(0.002)
        psql.close()

    reader = threading.Thread(target=read, daemon=True)
    with WgerServer(generated(100)) as wger:
        reader.start()
        run(wger)
        ended.set()
        reader.join()
    engine.dispose()

    assert seen <= {0, 100}


def test_what_was_kept_is_stale_after_an_import(wger, run, cache, monkeypatch):
    under_way = []
    apply = applying.apply
    monkeypatch.setattr(
        applying,
        "apply",
        lambda *given: under_way.append(cache.is_changing) or apply(*given),
    )

    run(wger)

    assert (under_way, cache.changes) == ([True], 1)


# One at a time


def test_of_two_imports_at_once_one_is_refused(wger, database, cache, status):
    first = Import(database, cache, WgerClient(wger.url))
    assert status()["state"] == "reading"
    with pytest.raises(Conflict):
        Import(database, cache, WgerClient(wger.url))
    first.close()

    assert status()["state"] == "interrupted"
    Import(database, cache, WgerClient(wger.url)).close()
    assert status()["run"] == 2


def test_how_far_an_import_is_can_be_seen(wger, run, status):
    assert (status()["state"], status()["run"]) == ("never", 0)

    report = run(wger)

    now = status()
    assert (now["state"], now["done"], now["total"]) == ("done", FEW, FEW)
    assert now["report"] == report
    assert now["error"] is None


def test_when_an_import_is_due(wger, run, database):
    def is_due(hours):
        with database.transaction() as connection:
            return staging.is_due(connection, hours)

    def age(column, interval):
        with database.transaction() as connection:
            connection.execute(
                text(f"UPDATE wger_import SET {column} = now() - interval '{interval}'")
            )

    assert is_due(24)
    run(wger)
    assert not is_due(24)
    age("succeeded_at", "25 hours")
    # it was tried a moment ago
    assert not is_due(24)
    age("began_at", "16 minutes")
    assert is_due(24)
    assert not is_due(48)


# Speed


def test_900_entries_within_30_seconds(run):
    with WgerServer(generated(900)) as wger:
        report = run(wger)
        again = run(wger)

    assert counts(report) == (900, 0, 0, 0)
    assert counts(again) == (0, 0, 900, 0)
    assert report["seconds"] < 30


# As a service

OTHER_HOST = "wger"
PROCESS = "exercises-wger"


@pytest.fixture(scope="module")
def slow_wger():
    """A server of two pages, for the service."""
    with WgerServer([]) as server:
        yield server


@pytest.fixture(scope="module")
def amqp_uri(system, address, slow_wger):
    """Where a second exercises service is called, with a catalogue that nobody else sees."""
    uri = system.environment["AMQP_URI"]
    user, host = urlsplit(uri).username, uri.rpartition("/")[0]
    broker = Administration(system)
    broker.add_virtual_host(OTHER_HOST)
    broker.set_permissions(OTHER_HOST, user)
    settings = {
        "AMQP_URI": f"{host}/{OTHER_HOST}",
        "EXERCISE_DB_NAME": address.name,
        "WGER_API_URL": slow_wger.url,
        # what it keeps is not for the other service
        "REDIS_PORT": "1",
    }
    system.start_another("exercises", PROCESS, settings)
    yield settings["AMQP_URI"]
    system.stop(PROCESS)


@contextmanager
def calling(amqp_uri, timeout=60):
    with ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=timeout) as calls:
        yield calls.exercises


@pytest.fixture
def exercises(amqp_uri, database, slow_wger):
    slow_wger.recover()
    slow_wger.entries = generated(150)
    slow_wger.asked.clear()
    with calling(amqp_uri) as calls:
        yield calls
        eventually(lambda: calls.import_status()["state"] not in ("reading", "writing"), 60)


def test_an_import_over_rpc(exercises):
    report = exercises.import_from_wger()
    again = exercises.import_from_wger()

    assert counts(report) == (150, 0, 0, 0)
    assert counts(again) == (0, 0, 150, 0)
    now = exercises.import_status()
    assert (now["state"], now["run"], now["report"]) == ("done", 2, again)
    assert exercises.list(search="Sandbag")["items"][0]["external_source"] == "wger"


def test_a_workout_s_exercise_stays_the_same_over_rpc(exercises, slow_wger):
    exercises.import_from_wger()
    found = exercises.list(search="Sandbag")["items"][0]
    slow_wger.entries = renumbered(slow_wger.entries, range(1001, 1151))

    report = exercises.import_from_wger()

    assert counts(report) == (0, 150, 0, 0)
    number = str(int(found["external_id"]) + 1000)
    assert exercises.get(found["id"])["external_id"] == number
    assert exercises.list(search="Sandbag")["items"][0]["id"] == found["id"]
    assert counts(exercises.import_from_wger()) == (0, 0, 150, 0)


def test_an_import_outlives_its_caller(exercises, amqp_uri, slow_wger):
    slow_wger.fail(faults.slow(2), offset=100)

    with calling(amqp_uri, timeout=0.5) as hasty, pytest.raises(RpcTimeout):
        hasty.import_from_wger()

    eventually(lambda: exercises.import_status()["state"] == "done")
    assert slow_wger.offsets == [0, 100]


def test_a_second_import_is_refused_while_one_runs(exercises, slow_wger, database, cache):
    slow_wger.fail(faults.slow(1), offset=100)
    first = exercises.import_from_wger(wait=False)

    second = exercises.import_from_wger(wait=False)
    with pytest.raises(Conflict):
        exercises.import_from_wger()
    with pytest.raises(Conflict):
        Import(database, cache, WgerClient(slow_wger.url))

    assert (first["started"], second["started"]) == (True, False)
    assert first["run"] == second["run"] == 1
    assert first["state"] == "reading"


def test_a_failure_is_told_over_rpc(exercises, slow_wger):
    slow_wger.fail(faults.status(403))

    with pytest.raises(BadGateway, match="wger answered 403"):
        exercises.import_from_wger()

    assert exercises.import_status()["error"] == "wger answered 403"


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_an_import_goes_on_after_its_process_ended(exercises, system, slow_wger, end):
    slow_wger.fail(faults.slow(5), offset=100)
    call = exercises.import_from_wger.call_async() if end == "stop" else None
    if call is None:
        exercises.import_from_wger(wait=False)
    eventually(lambda: 100 in slow_wger.offsets)

    began = time.monotonic()
    system.kill(PROCESS) if end == "kill" else system.stop(PROCESS)
    took = time.monotonic() - began
    system.wait_ready([PROCESS]) if end == "kill" else system.start(PROCESS)

    # it does not wait for the end of the import
    assert took < 4.5
    if call is not None:
        with pytest.raises(ServiceUnavailable, match="stops"):
            call.result()
    now = exercises.import_status()
    assert (now["state"], now["done"]) == ("interrupted", 100)
    assert exercises.list(search="Sandbag")["total"] == 0
    slow_wger.asked.clear()
    report = exercises.import_from_wger()
    assert slow_wger.offsets == [100]
    assert (counts(report), report["resumed_at"]) == ((150, 0, 0, 0), 100)


def test_reads_are_answered_while_a_page_is_awaited(exercises, slow_wger):
    answered, pages, took = [], [], []

    def let_reads_through():
        enough = len(answered) + 20
        eventually(lambda: len(answered) >= enough)
        pages.append(enough)

    slow_wger.entries = generated(900)
    slow_wger.fail(faults.before(let_reads_through), offset=None, times=None)
    begun = exercises.import_from_wger(wait=False)
    while exercises.import_status()["state"] != "done":
        began = time.perf_counter()
        answered.append(exercises.list(limit=20))
        took.append(time.perf_counter() - began)

    assert begun["started"]
    assert len(pages) == 9
    # the longest alone may be any, on a busy machine
    assert sorted(took)[len(took) * 98 // 100] < 1


# As a command


def gym_import(amqp_uri):
    """Run what ``./gym import-wger`` runs."""
    program = "import sys; from stack.wger import main; main(sys.argv[1])"
    command = [sys.executable, "-c", program, amqp_uri]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)


def test_the_command_shows_how_far_it_is_and_the_report(exercises, amqp_uri, slow_wger):
    slow_wger.entries[0] = make_entry(1, "Pull Ups")
    slow_wger.fail(faults.slow(1), offset=100)

    ended = gym_import(amqp_uri)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        ended.stdout.splitlines()[0],
        "  1 named like one of our own exercises: Pull Ups",
    ]
    assert ": 149 added, 0 changed, 0 unchanged, 0 deactivated, 1 skipped." in ended.stdout
    assert ended.stderr.splitlines() == ["Asking wger", "Read 150 entries"]


def test_the_command_joins_an_import_that_runs(exercises, amqp_uri, slow_wger):
    slow_wger.fail(faults.slow(4), offset=100)
    exercises.import_from_wger(wait=False)
    eventually(lambda: 100 in slow_wger.offsets)

    ended = gym_import(amqp_uri)

    assert "running already" in ended.stderr
    assert "[##################..........] 100/150" in ended.stderr
    assert "150 added" in ended.stdout


def test_the_command_tells_a_failure(exercises, amqp_uri, slow_wger):
    slow_wger.fail(faults.status(404))

    ended = gym_import(amqp_uri)

    assert ended.returncode != 0
    assert "the import failed: wger answered 404" in ended.stderr


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(stream, *statuses):
    """Show one status a second."""
    times = iter(range(100))
    meter = Meter(stream, clock=lambda: float(next(times)))
    for state, done, total in statuses:
        meter.show({"state": state, "done": done, "total": total})
    meter.end("Done")
    return stream.getvalue()


def test_a_terminal_has_one_line_that_is_rewritten():
    text = shown(Terminal(), ("reading", 0, None), ("reading", 100, 900), ("reading", 300, 900))

    first, *_, third, last = text.split("\r\033[K")[1:]
    assert first == "Asking wger"
    assert third == "[#########...................] 300/900  150/s, 4 s left"
    assert last == "Done\n"


def test_elsewhere_there_is_a_line_every_five_seconds():
    statuses = [("reading", number * 10, 90) for number in range(10)]

    lines = shown(io.StringIO(), *statuses).splitlines()

    assert [line.split("]")[-1] for line in lines] == [" 0/90", " 50/90  10/s, 4 s left", "Done"]


def test_what_was_read_before_does_not_count_as_speed():
    text = shown(io.StringIO(), ("reading", 500, 900), ("writing", 900, 900))

    assert text.splitlines()[0] == "[###############.............] 500/900"


# On time


def provider_with(**settings):
    provider = WgerImports()
    values = {"wger_api_url": "http://127.0.0.1:1/api/v2", "wger_sync_hours": 0, **settings}
    provider.container = SimpleNamespace(
        config={SETTINGS_KEY: SimpleNamespace(**values)}, dependencies=set()
    )
    provider.setup()
    return provider


@pytest.mark.parametrize("url", ["", "wger.de", "ftp://wger.de", "http://", "http://a/b?c=d"])
def test_an_address_that_can_not_be_asked_stops_the_start(url):
    with pytest.raises(BadSettings, match="WGER_API_URL"):
        provider_with(wger_api_url=url)


@pytest.mark.parametrize(("hours", "due", "begun"), [(0, True, 0), (24, False, 0), (24, True, 1)])
def test_the_timer_begins_an_import_that_is_due(database, monkeypatch, hours, due, begun):
    provider = provider_with(wger_sync_hours=hours)
    provider.container.dependencies = {database}
    begins = []
    monkeypatch.setattr(staging, "is_due", lambda connection, after: due and after == hours)
    monkeypatch.setattr(provider, "_begin", lambda: begins.append(1))

    provider.begin_if_due()

    assert len(begins) == begun


@pytest.mark.parametrize("problem", [Conflict("running"), ServiceUnavailable("away")])
def test_no_failure_of_the_timer_ends_the_process(database, monkeypatch, problem):
    provider = provider_with(wger_sync_hours=1)
    provider.container.dependencies = {database}
    begin = Mock(side_effect=problem)
    monkeypatch.setattr(provider, "_begin", begin)

    provider.begin_if_due()

    assert begin.called


# What other processes keep


@pytest.fixture
def caches(system):
    """The caches of two processes."""
    settings = Settings.from_environment(system.environment)
    found = []
    for _ in range(2):
        cache = Cache()
        cache.container = SimpleNamespace(config={SETTINGS_KEY: settings})
        cache.setup()
        found.append(cache)
    yield found
    for cache in found:
        cache.stop()


def test_an_import_makes_stale_what_another_process_keeps(wger, database, caches):
    importing_one, reading_one = caches
    key = f"exercise:test:{uuid.uuid4().hex}"
    made = itertools.count(1)

    def read():
        return reading_one.get_or_make(key, CATALOGUE, 60, lambda: next(made))

    assert (read(), read()) == (1, 1)
    work = Import(database, importing_one, WgerClient(wger.url))
    work.run()
    work.close()

    assert read() == 2
