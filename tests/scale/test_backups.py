"""``gym backup`` under load, and what a new system shows after ``gym restore``."""

import time
import uuid

import pytest

from stack import commands
from stack.backups import manifest, restoring
from stack.backups.backing_up import back_up
from stack.failures import Failure
from stack.progress import Progress
from tests.api.conftest import register
from tests.api.http_client import Client
from tests.api.whole_account import Importer, fill
from tests.faults.checking import wait_until_counted
from tests.faults.lifters import Crowd
from tests.faults.writers import Writer
from tests.scale.shown import Shown
from tests.services.recount import SEED_REP_TYPES
from tests.stack.version_before import rows
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(400)

QUIET = Progress()
WRITERS = 4
SETTLED = 2
FIRST_NEW_ID = 1_000_000_000
SECONDS = 30


def settle(source, number):
    """Make an account with everything that can be logged; return it when it is counted."""
    user = register(Client(source.url))
    account = fill(Importer(Client(source.url), user))
    settings = {"weekly_goal": number + 2, "time_zone": "Europe/Berlin"}
    account.ask("PUT", "/api/users/me", json=settings)
    weight = {"kind": "weight", "value": 80 + number, "unit": "kg"}
    account.ask(
        "POST", "/api/measurements", 201, json=weight | {"measured_at": "2025-03-01T07:00:00Z"}
    )
    account.ask("PUT", "/api/exercises/1/mine", json={"notes": f"Seat {number}"})
    hook = {"url": "http://127.0.0.1:1/hook", "events": ["record.set"]}
    account.ask("POST", "/api/webhooks", 201, json=hook)
    other = Importer(Client(source.url), register(Client(source.url)))
    account.apply(account.preview(fill(other).exported())["id"])
    shown = Shown(source, user.token)
    wait_until_calm(shown)
    return shown


def wait_until_calm(shown):
    """Wait until nothing is counted any more that was logged."""
    before = {}

    def same():
        nonlocal before
        before, last = shown.everything(), before
        return before == last

    eventually(same, SECONDS, pause=1)


def acknowledged(writers):
    """Return what each writer was promised, as of now."""
    return [
        {"workouts": dict(w.workouts), "measurements": [*w.measurements], "own": [*w.exercises]}
        for w in writers
    ]


@pytest.fixture(scope="module")
def settled(source):
    return [settle(source, number) for number in range(SETTLED)]


@pytest.fixture(scope="module")
def backed_up(source, settled, tmp_path_factory):
    """A backup that was made while others wrote: it, what was promised before, and who wrote."""
    directory = tmp_path_factory.mktemp("backups") / "first"
    crowd = Crowd.of(*(Writer(source) for _ in range(WRITERS)))
    with crowd:
        eventually(lambda: crowd.has_done(100), SECONDS)
        before = acknowledged(crowd.lifters)
        made = back_up(source.environment, directory, QUIET)
        written = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > written + 100, SECONDS)
    return directory, made, before, crowd.lifters


@pytest.fixture(scope="module")
def restored(backed_up, target):
    directory, *_ = backed_up
    restoring.restore(target.environment, directory, QUIET)
    target.start_services()
    return target


def test_it_is_complete_and_nobody_else_may_read_it(backed_up):
    directory, made, *_ = backed_up
    assert manifest.read(directory) == made
    manifest.check(directory, made)
    assert directory.stat().st_mode & 0o077 == 0
    assert not [path for path in directory.iterdir() if path.stat().st_mode & 0o077]


def test_whoever_follows_the_feed_is_not_ahead_of_it(backed_up):
    _, made, *_ = backed_up
    positions = {service: dump.feed_position for service, dump in made.dumps.items()}
    assert 0 < positions["analytics"] <= positions["workouts"]
    assert positions["notifications"] <= positions["workouts"]


def test_a_second_backup_needs_a_directory_of_its_own(source, backed_up):
    directory, *_ = backed_up
    with pytest.raises(Failure, match="is not empty"):
        back_up(source.environment, directory, QUIET)
    manifest.check(directory, manifest.read(directory))


def test_the_new_system_shows_each_number_of_the_old_one(restored, source, settled):
    for before in settled:
        after = Shown(restored, before.token).everything()
        for path, expected in before.everything().items():
            assert after[path] == expected, path


def test_nothing_is_lost_that_was_acknowledged_before(restored, backed_up):
    _, _, promises, writers = backed_up
    for promised, writer in zip(promises, writers, strict=True):
        shown = Shown(restored, token_of(writer))
        there, _ = shown.all_changes()
        versions = {(each["kind"], each["id"]): each for each in there}
        for workout_id, workout in promised["workouts"].items():
            found = versions["workout", workout_id]
            assert found["version"] >= workout["version"]
            if found["version"] == workout["version"] and found["op"] == "put":
                assert unnamed(found["data"]) == unnamed(workout)
        for exercise_id in promised["own"]:
            assert ("exercise", exercise_id) in versions


def token_of(writer):
    return writer.session.headers["Authorization"].removeprefix("Bearer ")


def counted(restored, writer):
    """Wait until the numbers of a writer equal a recount of what is there."""
    shown = Shown(restored, token_of(writer))
    there = {
        each["id"]: each["data"]
        for each in shown.all_changes()[0]
        if each["kind"] == "workout" and each["op"] == "put"
    }
    own = {
        exercise["exercise_id"]: "count"
        for workout in there.values()
        for exercise in workout["exercises"]
    }
    end = time.monotonic() + SECONDS
    wait_until_counted(writer, there.values(), own | SEED_REP_TYPES, end)
    return there


def unnamed(workout):
    """Return a workout without the names of its exercises, as these change without it."""
    exercises = [
        {key: value for key, value in exercise.items() if key != "exercise_name"}
        for exercise in workout["exercises"]
    ]
    return workout | {"exercises": exercises}


def identified(workouts):
    return {key: unnamed(workout) for key, workout in workouts.items()}


def test_logging_goes_on_and_all_is_counted(restored, backed_up):
    *_, writers = backed_up
    for writer in writers:
        writer.urls = [restored.url]
        there = counted(restored, writer)
        shown = Shown(restored, token_of(writer))
        # the apps of those who wrote on know of what is lost
        writer.workouts = there
        writer.measurements = [
            each["data"]["external_id"]
            for each in shown.all_changes()[0]
            if each["kind"] == "measurement" and each["op"] == "put"
        ]
        writer.exercises = [
            each["id"] for each in shown.ask("GET", "/api/exercises?mine=true&limit=100")
        ]
    crowd = Crowd.of(*writers)
    begun = len(crowd.answers)
    with crowd:
        eventually(lambda: len(crowd.answers) > begun + 100, SECONDS)
    for writer in writers:
        there = counted(restored, writer)
        assert identified(there) == identified(writer.workouts)
        assert [workout_id for workout_id in there if workout_id > FIRST_NEW_ID]


def test_an_app_that_knows_of_what_is_lost_begins_anew(restored, source, backed_up):
    *_, writers = backed_up
    for writer in writers:
        _, cursor = Shown(source, token_of(writer)).all_changes()
        shown = Shown(restored, token_of(writer))
        [problem] = shown.http.get(f"/api/changes?after={cursor}", token=shown.token).json()[
            "errors"
        ]
        assert problem["message"] == "The cursor has expired: read the changes from 0"


def test_it_is_not_restored_over_something_unless_that_is_asked_for(restored, backed_up):
    directory, *_ = backed_up
    with pytest.raises(Failure, match=r"not empty: users_db, .*; --replace deletes what is there"):
        restoring.restore(restored.environment, directory, QUIET)
    assert Client(restored.url).get("/api/about").status_code == 200


def test_it_is_not_restored_under_running_services(restored, backed_up):
    directory, *_ = backed_up
    with pytest.raises(Failure, match=r"in use by .* sessions; stop all services first"):
        restoring.restore(restored.environment, directory, QUIET, replace=True)
    assert register(Client(restored.url)).id
    restored.restart("users")


def test_a_later_state_is_replaced_by_an_earlier_one(restored, settled, tmp_path):
    """What was logged since is gone, and whoever deleted their account since stays deleted."""
    http = Client(restored.url)
    leaver, old = register(http), Shown(restored, settled[0].token)
    before = old.everything()
    back_up(restored.environment, tmp_path / "earlier", QUIET)
    newcomer = register(http)
    old.log(day="2025-04-01", name="Lost")
    gone = http.delete("/api/users/me", token=leaver.token, json={"password": leaver.password})
    assert gone.status_code == 202, gone.text
    # an event of what is lost waits in its queue
    restored.stop("analytics")
    old.log(day="2025-04-02", name="Lost, and not yet counted")

    restoring.restore(
        restored.environment, tmp_path / "earlier", QUIET, replace=True, stop=restored.stop_services
    )
    restored.start_services()
    assert old.everything() == before
    assert http.get("/api/users/me", token=newcomer.token).status_code == 401
    login = {"email": leaver.email, "password": leaver.password}
    assert http.post("/api/users/login", json=login).status_code == 401
    erased = (
        f"SELECT count(*) FROM erased_users WHERE user_id = {leaver.id} AND erased_at IS NOT NULL"
    )
    for service in ("exercises", "workouts", "analytics", "notifications"):
        eventually(lambda s=service: rows(restored, s, erased) == [(1,)], SECONDS)
    # nobody gets the id that was given to somebody who is lost
    assert register(http).id > newcomer.id + FIRST_NEW_ID / 2
    # nor was the event counted that was left of what is lost
    assert old.everything() == before


def test_one_that_was_broken_off_is_begun_again(restored, tmp_path, monkeypatch):
    shown = Shown(restored, register(Client(restored.url)).token)
    workout = shown.log(day="2025-04-03", name=uuid.uuid4().hex)
    wait_until_calm(shown)
    before = shown.everything()
    back_up(restored.environment, tmp_path / "one", QUIET)
    copy = restoring._copy

    def break_off(service, *others):
        if service == "workouts":
            raise Failure("broken off")
        copy(service, *others)

    monkeypatch.setattr(restoring, "_copy", break_off)
    with pytest.raises(Failure, match=r"no service starts .* run it again"):
        restoring.restore(
            restored.environment,
            tmp_path / "one",
            QUIET,
            replace=True,
            stop=restored.stop_services,
        )
    with pytest.raises(Failure, match="workout_db is being restored"):
        restored.migrate(["workouts"], _Step())
    with pytest.raises(Failure, match="is being restored"):
        back_up(restored.environment, tmp_path / "two", QUIET)
    assert not [*(tmp_path / "two").iterdir()]

    monkeypatch.setattr(restoring, "_copy", copy)
    # without --replace: nothing is there but what was put there
    restoring.restore(restored.environment, tmp_path / "one", QUIET)
    restored.start_services()
    assert shown.everything() == before
    assert shown.ask("GET", f"/api/workouts/{workout['id']}") == [workout]


def test_the_commands_with_what_gym_up_has_started(restored, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(commands, "RUN_DIRECTORY", restored.directory)
    http = Client(restored.url)
    user = register(http)
    assert commands.main(["backup", str(tmp_path / "all")]) == 0
    assert "MB, with all that was acknowledged before 20" in capsys.readouterr().out
    assert commands.main(["restore", str(tmp_path / "all")]) == 1
    assert "--replace deletes what is there" in capsys.readouterr().err
    assert http.get("/api/users/me", token=user.token).status_code == 200

    assert commands.main(["restore", str(tmp_path / "all"), "--replace", "--sign-out"]) == 0
    assert http.get("/api/users/me", token=user.token).status_code == 401
    login = {"email": user.email, "password": user.password}
    assert http.post("/api/users/login", json=login).status_code == 200


def test_the_commands_with_servers_of_one_s_own(restored, tmp_path, monkeypatch, capsys):
    for name, value in restored.environment.items():
        monkeypatch.setenv(name, value)
    http = Client(restored.url)
    user = register(http)
    assert commands.main(["backup", str(tmp_path / "all")]) == 0
    assert commands.main(["restore", str(tmp_path / "all"), "--replace"]) == 1
    assert "stop all services first" in capsys.readouterr().err
    restored.stop_services()
    assert commands.main(["restore", str(tmp_path / "all"), "--replace"]) == 0
    assert "Now start all services.\n" in capsys.readouterr().out
    restored.start_services()
    assert http.get("/api/users/me", token=user.token).status_code == 200


class _Step:
    title = "migrating"

    def tick(self, detail=""):
        pass
