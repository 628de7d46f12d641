"""Moving users who write, and who are written, until it is done: nothing is lost or there twice."""

import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import psycopg2
import pytest

from services.dependencies.cells.states import BEING_MOVED, ELSEWHERE
from services.moving import copying, noting, preparing, states, steps
from services.moving.addresses import AlreadyThere, CannotMove
from services.moving.connecting import opened
from services.partitioning import steps as partitioning
from services.process import cells
from services.transport.postgres.connecting import connect
from stack.layout import CHECKOUT
from tests.services.moving.rows import CHANGE, DELETE, MEASURE, MERGE, WORKOUT
from tests.services.moving.test_moving import BUCKET, OTHER, USERS, stored
from tests.waiting import eventually

WRITERS = 3
LEFT = """
    SELECT relname::text FROM pg_class WHERE relname IN ('users_to_copy', 'unfinished_move')
    UNION SELECT tgname::text FROM pg_trigger WHERE tgname LIKE 'users_to_copy%'
    UNION SELECT proname::text FROM pg_proc WHERE proname IN ('note_users', 'note_imports')
"""
CHANGES = """
    SELECT id, workout_id, user_id, kind, version FROM workout_changes WHERE id > %(after)s
    ORDER BY id
"""
COUNT = """
    INSERT INTO processed_workouts (workout_id, user_id, version, deleted)
    VALUES (%(id)s, %(user)s, %(version)s, %(deleted)s)
    ON CONFLICT (workout_id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted
"""
FOLLOWED = "UPDATE feed_position SET position = %(position)s"
VERSIONS = "SELECT id, version FROM workouts WHERE mod(user_id, 1024) = 17 ORDER BY id"
COUNTED = """
    SELECT workout_id, version FROM processed_workouts
    WHERE mod(user_id, 1024) = 17 AND NOT deleted ORDER BY workout_id
"""


class Writer:
    """Writes workouts of some users in whichever cell they are, until it is told to stop."""

    def __init__(self, two, seed, users):
        self.random = random.Random(seed)
        self.users = users
        self.cells = [two.first, two.b]
        self.at = 0
        self.connections = [connect(cell.databases["workouts"]) for cell in self.cells]
        self.versions = {}
        self.slowest = 0.0
        self.written = 0

    def write_until(self, is_enough):
        while not is_enough.is_set():
            begun = time.monotonic()
            self.write_once()
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.written += 1
        for connection in self.connections:
            connection.close()

    def write_once(self):
        """Write something, and note it once it is acknowledged; refused, try again."""
        user = self.random.choice(self.users)
        own = [key for key, (owner, _) in self.versions.items() if owner == user]
        kind = self.random.choice(["new", "change", "delete", "measure"]) if own else "new"
        workout = self.random.choice(own) if own else None
        while True:
            connection = self.connections[self.at]
            try:
                with connection, connection.cursor() as cursor:
                    self.write(cursor, kind, user, workout)
                    rows = cursor.fetchall() if cursor.description else None
                break
            except psycopg2.Error as problem:
                if problem.pgcode == ELSEWHERE:
                    self.at = 1 - self.at
                elif problem.pgcode != BEING_MOVED:
                    raise
                time.sleep(0.02)
        if kind == "new":
            self.versions[rows[0][0]] = (user, 1)
        elif kind == "change":
            self.versions[workout] = (user, self.versions[workout][1] + 1)
        elif kind == "delete":
            del self.versions[workout]

    @staticmethod
    def write(cursor, kind, user, workout):
        statement = {"new": WORKOUT, "change": CHANGE, "delete": DELETE, "measure": MEASURE}[kind]
        cursor.execute(statement, {"user": user, "id": workout, "name": "Legs"})
        if kind in ("change", "delete"):
            assert cursor.rowcount == 1


class Analytics:
    """Follows the feed of a cell, and counts no more than versions."""

    def __init__(self, two, cell):
        self.workouts = connect(cell.databases["workouts"])
        self.analytics = connect(cell.databases["analytics"])
        self.position = 0

    def follow_until(self, is_enough):
        while not is_enough.is_set():
            self.follow()
            time.sleep(0.05)

    def follow(self):
        with self.workouts, self.workouts.cursor() as cursor:
            cursor.execute(CHANGES, {"after": self.position})
            changes = cursor.fetchall()
        with self.analytics, self.analytics.cursor() as cursor:
            for position, workout, user, kind, version in changes:
                given = {"id": workout, "user": user, "version": version}
                cursor.execute(COUNT, given | {"deleted": kind == "deleted"})
                self.position = position
            cursor.execute(FOLLOWED, {"position": self.position})


@contextmanager
def written(two, seeds=WRITERS):
    """Have users be written, and counted, until the block ends; give the writers."""
    enough = threading.Event()
    writers = [Writer(two, seed, USERS[seed::seeds]) for seed in range(seeds)]
    others = Writer(two, seeds, [OTHER])
    analytics = [Analytics(two, cell) for cell in two.every.values()]
    with ThreadPoolExecutor(seeds + 1 + len(analytics)) as threads:
        running = [threads.submit(each.write_until, enough) for each in [*writers, others]]
        running += [threads.submit(each.follow_until, enough) for each in analytics]
        try:
            eventually(lambda: all(writer.written > 20 for writer in writers))
            yield writers
            counted = [writer.written for writer in writers]
            eventually(lambda: all(w.written > n for w, n in zip(writers, counted, strict=True)))
        finally:
            enough.set()
        for each in running:
            each.result(10)
    for each in analytics:
        each.follow()


def acknowledged(writers):
    return sorted(
        (workout, version)
        for writer in writers
        for workout, (_, version) in writer.versions.items()
    )


@pytest.mark.slow
def test_what_is_written_meanwhile_is_there_once(prepared):
    with written(prepared) as writers:
        prepared.move(BUCKET)
        counted = [writer.written for writer in writers]
        eventually(lambda: all(w.written > n + 5 for w, n in zip(writers, counted, strict=True)))
        prepared.move(BUCKET, "")
        prepared.move(BUCKET)
    versions = acknowledged(writers)
    assert len(versions) > 10
    assert prepared.workouts(prepared.b, VERSIONS) == versions
    assert prepared.analytics(prepared.b, COUNTED) == versions
    assert prepared.workouts(prepared.first, VERSIONS) == []
    assert {writer.at for writer in writers} == {1}
    assert prepared.workouts(prepared.first, LEFT) == []
    assert prepared.analytics(prepared.first, LEFT) == []


PLACES = ["arriving", "begin", "workouts", "analytics", "feed", "fence"]
LATE = ["before_arrival", "after_arrival", "after_gone", "after_switch", "before_deletion"]


class Killed(Exception):
    pass


@pytest.fixture
def dying(monkeypatch):
    """Have a move end at a place, once."""

    def die_at(place):
        def failpoint(reached):
            if reached == f"moving.{place}":
                monkeypatch.undo()
                monkeypatch.setattr(steps, "LEASE_SECONDS", 0.0)
                raise Killed

        monkeypatch.setattr(steps, "failpoint", failpoint)

    return die_at


def command(two, system, failpoints):
    """Begin to move the bucket by a process of its own."""
    settings = system.environment | {"CELLS": "b", "GYM_FAILPOINTS": failpoints}
    for cell, prefix in ((two.first, ""), (two.b, "CELL_B_")):
        for service, name in (("workouts", "WORKOUT"), ("analytics", "ANALYTICS")):
            settings[f"{prefix}{name}_DB_NAME"] = cell.databases[service].name
    return subprocess.Popen(
        [sys.executable, "-m", "services.moving", "move", str(BUCKET), "b"],
        cwd=CHECKOUT,
        env=os.environ | settings | {"NOTIFICATIONS_DB_NAME": two.notifications.name},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_one_that_is_ended_gives_the_bucket_back(prepared, system):
    prepared.fill(prepared.first, *USERS)
    begun = command(prepared, system, "moving.after_fence:sleep:60")
    eventually(lambda: prepared.states(BUCKET)[0] == ["leaving"], seconds=30)
    begun.terminate()
    _, problem = begun.communicate(timeout=30)
    assert (begun.returncode, problem) == (130, "broken off: run it again\n")
    assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="New") is None
    prepared.follow(prepared.first)
    prepared.move(BUCKET)


@pytest.mark.slow
def test_a_mover_that_is_killed_at_each_step_goes_on(prepared, system):
    """By the process' end: nothing is taken back on the way out."""

    def run(place):
        begun = command(prepared, system, f"moving.{place}:exit:9")
        said, problem = begun.communicate(timeout=60)
        return SimpleNamespace(returncode=begun.returncode, stdout=said, stderr=problem)

    prepared.fill(prepared.first, *USERS)
    before = stored(prepared, prepared.first, USERS)
    for place in [*(f"after_{place}" for place in PLACES), *LATE]:
        assert run(place).returncode == 9, place
    done = run("nowhere")
    assert done.returncode == 0, done.stderr
    assert stored(prepared, prepared.b, USERS) == before
    assert not any(stored(prepared, prepared.first, USERS).values())
    again = run("nowhere")
    assert (again.returncode, again.stderr) == (1, "bucket 17 is in cell b already\n")


@pytest.mark.parametrize("place", ["after_begin", "after_gone"])
def test_one_that_leaves_another_cell_than_the_first_goes_on(prepared, dying, place):
    prepared.fill(prepared.first, *USERS)
    before = stored(prepared, prepared.first, USERS)
    prepared.move(BUCKET)
    prepared.follow(prepared.b)
    dying(place)
    with pytest.raises(Killed):
        prepared.move(BUCKET, cells.FIRST)
    prepared.move(BUCKET, cells.FIRST)
    assert stored(prepared, prepared.first, USERS) == before


@pytest.mark.slow
@pytest.mark.parametrize("place", [*(f"after_{place}" for place in PLACES), "before_arrival"])
def test_one_that_is_abandoned_leaves_nothing(prepared, dying, place):
    prepared.fill(prepared.first, *USERS)
    before = stored(prepared, prepared.first, USERS)
    dying(place)
    with pytest.raises(Killed):
        prepared.move(BUCKET)
    if place in ("after_fence", "before_arrival"):
        with opened(prepared.first) as side:
            states.write(side, BUCKET, cells.LEAVING, prepared.b)
    prepared.abandon(BUCKET)
    assert stored(prepared, prepared.first, USERS) == before
    assert not any(stored(prepared, prepared.b, USERS).values())
    assert prepared.workouts(prepared.b, "SELECT FROM workout_changes") == []
    assert prepared.workouts(prepared.first, LEFT) == []
    assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="New") is None
    assert prepared.refusal(prepared.b, WORKOUT, user=BUCKET, name="New") == ELSEWHERE
    prepared.follow(prepared.first)
    prepared.move(BUCKET)


def test_one_that_is_in_the_other_cell_is_not_abandoned(prepared, dying):
    prepared.fill(prepared.first, *USERS)
    dying("after_arrival")
    with pytest.raises(Killed):
        prepared.move(BUCKET)
    with pytest.raises(CannotMove, match="is in cell b already"):
        prepared.abandon(BUCKET)
    prepared.move(BUCKET)
    with pytest.raises(AlreadyThere):
        prepared.move(BUCKET)


def test_another_bucket_has_to_wait_for_an_unfinished_move(prepared, dying):
    dying("after_begin")
    with pytest.raises(Killed):
        prepared.move(BUCKET)
    with pytest.raises(CannotMove, match="bucket 17 is being moved from the first cell to b:"):
        prepared.move(OTHER)
    prepared.move(BUCKET)
    prepared.move(OTHER)


@pytest.mark.slow
def test_who_was_erased_is_left_out(prepared):
    prepared.fill(prepared.first, *USERS)
    erased = "INSERT INTO erased_users (user_id) VALUES (%(user)s)"
    for cell, user in ((prepared.first, USERS[0]), (prepared.b, USERS[1])):
        for service in cells.SERVICES:
            prepared.run(cell, service, erased, user=user)
    prepared.move(BUCKET)
    assert not any(stored(prepared, prepared.b, USERS[:2]).values())
    assert all(stored(prepared, prepared.b, USERS[2:]).values())
    left = "SELECT FROM workout_changes WHERE user_id <> %(user)s"
    assert prepared.workouts(prepared.b, left, user=USERS[2]) == []


def test_who_is_erased_at_the_same_moment_is_left_out(prepared, monkeypatch):
    prepared.fill(prepared.first, *USERS)
    copy_in = copying._copy_in

    def erase_before(*given):
        monkeypatch.setattr(copying, "_copy_in", copy_in)
        prepared.workouts(prepared.b, "INSERT INTO erased_users (user_id) VALUES (17)")
        copy_in(*given)

    monkeypatch.setattr(copying, "_copy_in", erase_before)
    prepared.move(BUCKET)
    assert prepared.workouts(prepared.b, "SELECT DISTINCT user_id FROM workouts ORDER BY 1") == [
        (user,) for user in USERS[1:]
    ]


AT_REST = "UPDATE imports SET status = 'preview' WHERE user_id = %(user)s"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("UPDATE imports SET status = 'applying' WHERE user_id = %(user)s", AT_REST),
        (MERGE, "UPDATE exercise_merges SET done_at = now() WHERE user_id = %(user)s"),
    ],
    ids=["import", "merge"],
)
def test_what_is_worked_on_is_waited_for(prepared, monkeypatch, begin, end):
    monkeypatch.setattr(steps, "TELL_SECONDS", 0.2)
    prepared.fill(prepared.first, *USERS)
    prepared.workouts(prepared.first, begin, user=BUCKET)
    with ThreadPoolExecutor(1) as threads:
        moved = threads.submit(prepared.move, BUCKET)
        eventually(lambda: steps.AT_WORK in prepared.said or moved.done())
        # a job of the other cell would find it
        found = prepared.workouts(prepared.b, "SELECT user_id FROM imports ORDER BY user_id")
        refused = prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="New")
        prepared.follow(prepared.first)
        prepared.workouts(prepared.first, end, user=BUCKET)
        moved.result(20)
    assert found == [(user,) for user in USERS[1:]]
    assert refused is None
    assert len(stored(prepared, prepared.b, [BUCKET])["workouts"]) == 2


def test_what_is_noted_of_imports(prepared):
    """Rows of imports have no user, and jobs delete old ones of everybody."""
    prepared.fill(prepared.first, *USERS, OTHER)
    with opened(prepared.first) as side:
        noting.begin(side, BUCKET, "b")
        for statement, count in [
            ("UPDATE import_names SET sets = 3", 3),
            ("DELETE FROM import_pieces", 3),
            ("DELETE FROM import_workouts WHERE place = 2", 0),
            ("UPDATE workouts SET version = 2 WHERE user_id = 18", 0),
            ("DELETE FROM imports WHERE user_id = 17", 1),
            ("DELETE FROM measurements WHERE user_id = 17", 1),
        ]:
            prepared.workouts(prepared.first, "DELETE FROM users_to_copy")
            prepared.workouts(prepared.first, statement)
            assert noting.count(side.workouts) == count, statement
        noting.end(side)
    assert prepared.workouts(prepared.first, LEFT) == []


def test_it_is_given_back_if_analytics_do_not_follow(prepared, monkeypatch):
    prepared.fill(prepared.first, *USERS)
    monkeypatch.setattr(steps, "FENCE_SECONDS", 0.2)

    monkeypatch.setattr(
        steps.feeding,
        "analytics_have_followed",
        lambda side, calls=[]: lambda: not calls.append(1) and len(calls) == 1,
    )
    with pytest.raises(CannotMove, match="was given back"):
        prepared.move(BUCKET)
    assert prepared.states(BUCKET) == [["here"], ["here"], ["arriving"], ["arriving"]]
    assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="New") is None


def test_rows_that_differ_in_the_end_stop_it(prepared, monkeypatch):
    prepared.fill(prepared.first, *USERS)
    copy_the_rest = copying.copy_analytics

    def lose(*given, rests):
        if not rests:
            with opened(prepared.b) as side:
                steps.run(side.workouts, "SELECT set_config('gym.moving', 'on', false)")
                steps.run(side.workouts, "DELETE FROM workouts WHERE user_id = 17")
        return copy_the_rest(*given, rests=rests)

    monkeypatch.setattr(copying, "copy_analytics", lose)
    with pytest.raises(CannotMove, match="workouts of bucket 17 differ"):
        prepared.move(BUCKET)
    assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="New") is None


@pytest.mark.slow
@pytest.mark.parametrize("partitioned", ["first", "b", "both"])
def test_partitioned_tables_are_moved_too(two, partitioned):
    for name, cell in (("first", two.first), ("b", two.b)):
        if partitioned in (name, "both"):
            partitioning.partition(cell.databases["workouts"], two.said.append)
    two.prepare()
    two.said.clear()
    two.fill(two.first, *USERS)
    before = stored(two, two.first, USERS)
    two.move(BUCKET)
    assert stored(two, two.b, USERS) == before
    [(new,)] = two.workouts(two.b, WORKOUT, user=BUCKET, name="New")
    assert new > preparing.APART
    two.follow(two.b)
    two.move(BUCKET, "")
    assert len(stored(two, two.first, USERS)["workouts"]) == len(USERS) + 1


@pytest.mark.slow
def test_tables_that_are_partitioned_later_stay_prepared(prepared):
    partitioning.partition(prepared.first.databases["workouts"], prepared.said.append)
    with opened(prepared.first) as side:
        preparing.check(side)
    prepared.move(BUCKET)
    assert prepared.refusal(prepared.first, WORKOUT, user=BUCKET, name="New") == ELSEWHERE


@pytest.mark.slow
def test_users_are_noted_in_tables_that_are_partitioned_meanwhile(prepared):
    prepared.fill(prepared.first, *USERS)
    with opened(prepared.first) as side:
        noting.begin(side, BUCKET, "b")
        partitioning.partition(prepared.first.databases["workouts"], prepared.said.append)
        prepared.workouts(prepared.first, "DELETE FROM users_to_copy")
        prepared.workouts(prepared.first, "UPDATE workouts SET version = 7 WHERE user_id = 17")
        assert noting.count(side.workouts) == 1
    prepared.workouts(prepared.first, "INSERT INTO users_to_copy (user_id) VALUES (1041), (7185)")
    prepared.follow(prepared.first)
    with opened(prepared.b) as side:
        states.write(side, BUCKET, cells.ARRIVING, prepared.first)
    prepared.move(BUCKET)
    assert sorted({row[1] for row in stored(prepared, prepared.b, USERS)["workouts"]}) == USERS


@pytest.mark.slow
def test_changes_are_kept_until_notifications_have_read_them(prepared, monkeypatch):
    monkeypatch.setattr(steps, "NOTIFICATIONS_SECONDS", 0.2)
    prepared.fill(prepared.first, *USERS)
    connection = connect(prepared.notifications)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE feed_position (position BIGINT)")
        cursor.execute("INSERT INTO feed_position VALUES (1)")
    with pytest.raises(CannotMove, match="was moved, but notifications have not read"):
        prepared.move(BUCKET)
    assert all(stored(prepared, prepared.first, USERS).values())
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE feed_position SET position = 1000000")
    connection.close()
    prepared.move(BUCKET)
    assert not any(stored(prepared, prepared.first, USERS).values())
