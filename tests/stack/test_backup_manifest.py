"""What is refused before anything is changed: a backup that is damaged, incomplete or newer."""

import json
from dataclasses import replace

import pytest

from stack.backups import manifest
from stack.backups.manifest import Dump, Manifest, check, hash_of, latest_revision, read
from stack.failures import Failure
from stack.layout import DATABASE_OF


@pytest.fixture
def backup(tmp_path):
    """A directory with a whole backup, of files that nobody reads."""
    dumps = {}
    for service in DATABASE_OF:
        path = tmp_path / f"{service}.dump"
        path.write_text(f"the dump of {service}")
        dumps[service] = Dump(
            file=path.name,
            bytes=path.stat().st_size,
            sha256=hash_of(path),
            revision=latest_revision(service),
            postgresql=15,
            taken_at="2026-11-28T12:00:00.000+00:00",
            feed_position=None,
        )
    Manifest("2026-11-28T12:00:00.000+00:00", dumps).write(tmp_path)
    return tmp_path


def refused(directory):
    with pytest.raises(Failure) as caught:
        check(directory, read(directory))
    return str(caught.value)


def change(directory, service, **changes):
    found = read(directory)
    dumps = {**found.dumps, service: replace(found.dumps[service], **changes)}
    replace(found, dumps=dumps).write(directory)


def test_a_whole_one_is_fine(backup):
    check(backup, read(backup))
    assert read(backup).begun_at == "2026-11-28T12:00:00.000+00:00"


def test_nobody_else_may_read_the_manifest(backup):
    assert (backup / manifest.FILE_NAME).stat().st_mode & 0o077 == 0


def test_one_that_was_broken_off(backup):
    (backup / manifest.FILE_NAME).unlink()
    assert refused(backup) == f"{backup} is no complete backup: it has no manifest.json"


def test_a_directory_that_is_not_there(tmp_path):
    assert "is no complete backup" in refused(tmp_path / "missing")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', '{"format": "x"}'])
def test_a_manifest_that_is_none(backup, text):
    (backup / manifest.FILE_NAME).write_text(text)
    assert "manifest.json can't be read" in refused(backup)


def test_a_manifest_of_a_newer_version(backup):
    content = json.loads((backup / manifest.FILE_NAME).read_text())
    (backup / manifest.FILE_NAME).write_text(json.dumps(content | {"format": manifest.FORMAT + 1}))
    assert refused(backup).endswith("manifest.json was written by a newer version")


def test_a_database_that_is_not_in_it(backup):
    content = json.loads((backup / manifest.FILE_NAME).read_text())
    del content["databases"]["workouts"]
    (backup / manifest.FILE_NAME).write_text(json.dumps(content))
    assert refused(backup).endswith("manifest.json has no database of workouts")


def test_everything_that_is_wrong_is_named_at_once(backup):
    (backup / "users.dump").unlink()
    (backup / "workouts.dump").write_text("the dump of work")
    (backup / "analytics.dump").write_text("the dump of analytisc")
    change(backup, "exercises", revision="9999")
    latest = latest_revision("exercises")
    assert refused(backup).splitlines() == [
        "the backup can't be restored:",
        "  users.dump: missing",
        f"  exercises.dump: of a newer version: its last migration is 9999, this version knows "
        f"those up to {latest}",
        "  workouts.dump: damaged: it has 16 bytes instead of 20",
        "  analytics.dump: damaged: its SHA-256 is another one",
    ]


def test_one_of_an_older_version_is_fine(backup):
    change(backup, "workouts", revision="0001")
    check(backup, read(backup))
