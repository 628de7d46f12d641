"""Where cells are, and what the command says."""

import os
import subprocess
import sys

import pytest

from services.moving import addresses, steps
from services.moving.addresses import AlreadyThere, CannotMove
from services.moving.connecting import lock, opened
from services.process.settings import BadSettings
from stack.layout import CHECKOUT
from tests.services.moving.test_moving import BUCKET

PLAIN = {
    "WORKOUT_DB_HOST": "one",
    "WORKOUT_DB_PASSWORD": "4f1d",
    "ANALYTICS_DB_HOST": "other",
    "ANALYTICS_DB_PORT": "5555",
    "CELLS": "b,c2",
}
OF_B = {"CELL_B_WORKOUT_DB_HOST": "far", "CELL_B_ANALYTICS_DB_NAME": "analytics_b"}
OF_C = {"CELL_C2_WORKOUT_DB_PORT": "7777", "CELL_C2_ANALYTICS_DB_PORT": "7777"}


def test_addresses_of_cells_are_those_with_their_names_before_them():
    found = addresses.read(PLAIN | OF_B | OF_C)
    assert [(cell.name, cell.number) for cell in found.values()] == [("", 0), ("b", 1), ("c2", 2)]
    places = [
        [(each.host, each.port, each.name, each.password) for each in cell.databases.values()]
        for cell in found.values()
    ]
    assert places == [
        [("one", "5434", "workout_db", "4f1d"), ("other", "5555", "analytics_db", "postgres")],
        [("far", "5434", "workout_db", "4f1d"), ("other", "5555", "analytics_b", "postgres")],
        [("one", "7777", "workout_db", "4f1d"), ("other", "7777", "analytics_db", "postgres")],
    ]


@pytest.mark.parametrize(
    ("left_out", "problem"),
    [
        ("CELL_B_WORKOUT_DB_HOST", "cell b has the same workouts database as the first cell"),
        ("CELL_B_ANALYTICS_DB_NAME", "set CELL_B_ANALYTICS_DB_HOST, CELL_B_ANALYTICS_DB_PORT or"),
    ],
)
def test_two_cells_have_no_database_in_common(left_out, problem):
    given = {name: value for name, value in (PLAIN | OF_B | OF_C).items() if name != left_out}
    with pytest.raises(CannotMove, match=problem):
        addresses.read(given)


def test_no_cell_is_called_as_the_first_one():
    with pytest.raises(CannotMove, match="may be called first"):
        addresses.read(PLAIN | {"CELLS": "first"})
    with pytest.raises(BadSettings, match="CELLS must"):
        addresses.read(PLAIN | {"CELLS": "B"})


def test_what_can_not_be_moved_is_refused_before_anything_is_done(two):
    with pytest.raises(CannotMove, match=r"no cell c; beside the first one CELLS names b$"):
        two.move(BUCKET, "c")
    with pytest.raises(AlreadyThere, match="bucket 17 is in the first cell already"):
        two.move(BUCKET, "")
    with pytest.raises(CannotMove, match=r"first cell is not prepared .*: run \./gym"):
        two.move(BUCKET)
    two.prepare()
    two.analytics(two.b, "UPDATE alembic_version SET version_num = '0011'")
    with pytest.raises(CannotMove, match="analytics database of the first cell has revision"):
        two.move(BUCKET)
    with pytest.raises(CannotMove, match="bucket 17 is not being moved to cell b"):
        two.abandon(BUCKET)
    assert two.states(BUCKET) == [[], [], [], []]


def test_a_cell_that_does_not_know_the_exercises_gets_no_users(prepared, monkeypatch):
    monkeypatch.setattr(steps, "COPIES_SECONDS", 0.1)
    known = "INSERT INTO own_muscles (user_id, exercise_id, position) VALUES (17, 1, %(position)s)"
    prepared.analytics(prepared.first, known, position=5)
    with pytest.raises(CannotMove, match="cell b does not know all exercises"):
        prepared.move(BUCKET)
    assert prepared.states(BUCKET) == [[], [], [], []]
    prepared.analytics(prepared.b, known, position=6)
    prepared.move(BUCKET)


def test_one_mover_at_a_time(prepared):
    with opened(prepared.b) as side:
        lock(side)
        with pytest.raises(CannotMove, match="cell b is being prepared"):
            prepared.move(BUCKET)


@pytest.mark.slow
def test_the_command_says_what_it_does(two, system):
    settings = system.environment | {"CELLS": "b"}
    for cell, prefix in ((two.first, ""), (two.b, "CELL_B_")):
        for service, name in (("workouts", "WORKOUT"), ("analytics", "ANALYTICS")):
            settings[f"{prefix}{name}_DB_NAME"] = cell.databases[service].name
    settings["NOTIFICATIONS_DB_NAME"] = two.notifications.name

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "services.moving", *arguments],
            cwd=CHECKOUT,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    assert run("prepare") == (0, "the first cell is prepared\ncell b is prepared\n", "")
    two.fill(two.first, BUCKET, BUCKET + 1)
    code, said, problem = run("move", "17-18", "b")
    assert (code, problem) == (0, "")
    assert "bucket 17 is in cell b\n" in said
    assert "bucket 18 is in cell b\n" in said
    assert run("list")[1].splitlines() == [
        "cell   buckets  prepared  moves under way",
        "first  1022     yes",
        "b      2        yes",
    ]
    assert run("move", "17-18", "b")[:2] == (
        0,
        "bucket 17 is in cell b already\nbucket 18 is in cell b already\n",
    )
    assert run("move", "17", "b")[0] == 1
    assert run("move", "40-17", "b")[0] == 2
    assert run("move", "1024", "b")[0] == 2
