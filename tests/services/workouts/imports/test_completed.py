"""The event ``import_completed``, as whoever listens hears it."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from kombu import Connection

from stack.layout import CHECKOUT
from tests.services.listening import Listener
from tests.services.workouts.imports.files import GIVEN, strong, text_of
from tests.waiting import eventually

KEPT = "evt-workouts-import_completed--notifications.handle_import_completed"
BENCH_SET = ("Bench Press (Barbell)", 80, 5)
FILE = text_of(strong("2025-03-01 10:00:00", BENCH_SET), strong("2025-03-03 10:00:00", BENCH_SET))


@pytest.fixture(scope="module")
def listener(system):
    listener = Listener(system.environment["AMQP_URI"], "workouts", "import_completed")
    yield listener
    listener.close()


def test_an_import_is_told_once_and_its_undo_too(imports, listener, run):
    begun = datetime.now(UTC) - timedelta(seconds=1)
    done = imports.bring(FILE)
    [applied] = eventually(lambda: listener.of(imports.user_id))
    assert uuid.UUID(applied["id"])
    assert begun < datetime.fromisoformat(applied["happened_at"]) < datetime.now(UTC)
    assert applied == {
        "id": applied["id"],
        "user_id": imports.user_id,
        "import_id": done["id"],
        "status": "applied",
        "source": "strong",
        "counts": done["counts"],
        "added": 2,
        "updated": 0,
        "kept": 0,
        "happened_at": applied["happened_at"],
    }
    # asked for again, an import that is applied is not applied again
    imports.apply(done["id"])
    imports.undo(done["id"])
    [undone] = eventually(lambda: listener.of(imports.user_id)[1:])
    assert (undone["import_id"], undone["status"]) == (done["id"], "undone")
    assert undone["id"] != applied["id"]
    assert not run("SELECT 1 FROM outbox WHERE user_id = :user", user=imports.user_id)


@pytest.mark.slow
def test_one_that_is_only_read_or_can_not_be_applied_is_not_told(imports, listener):
    found = imports.read(FILE, **GIVEN)
    failed = imports.read("nothing of an app\n1\n")
    assert (found["status"], failed["status"]) == ("preview", "failed")
    # one that is told, behind whatever the others would have told
    done = imports.bring(FILE)
    heard = eventually(lambda: listener.of(imports.user_id))
    assert [event["import_id"] for event in heard] == [done["id"]]


def test_the_documentation_shows_it(imports, listener):
    page = (CHECKOUT / "docs" / "nameko.md").read_text()
    [example] = [
        text for text in re.findall(r"```json\n(.*?)```", page, re.S) if '"import_id"' in text
    ]
    imports.bring(FILE)
    [event] = eventually(lambda: listener.of(imports.user_id))
    shown = json.loads(example)
    assert list(shown) == list(event)
    assert shown["counts"].keys() == event["counts"].keys()


@pytest.mark.slow
@pytest.mark.usefixtures("unheard")
def test_it_is_kept_while_nobody_listens(imports, system):
    imports.bring(FILE)
    with Connection(system.environment["AMQP_URI"]) as connection:

        def is_there():
            message = connection.default_channel.basic_get(KEPT, no_ack=True)
            return message and f'"user_id":{imports.user_id},' in message.body.replace(": ", ":")

        eventually(is_there, pause=0)
