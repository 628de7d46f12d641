"""``docs/nameko.md``: every example of it, run with Nameko as it comes."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import requests
from nameko.standalone.rpc import ClusterRpcProxy

from schemas import errors
from schemas.errors import ValidationFailed
from stack.environment import broker_password
from stack.layout import CHECKOUT
from tests.services.logbook import ago
from tests.waiting import eventually

PAGE = (CHECKOUT / "docs" / "nameko.md").read_text()
SECONDS = 60
USER = "USER_ID = 7"
PASSWORD = "a password of your own"
MANAGEMENT = "http://localhost:15672"


def block(language, having):
    """Return the one example that has a text."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    (text,) = [text for text in found if having in text]
    return text


@pytest.fixture(scope="module")
def directory(tmp_path_factory, system):
    """Where somebody who reads the page has saved its files, with a user of theirs."""
    made = tmp_path_factory.mktemp("stock")
    (made / "reports.json").write_text(block("json", '"topic_permissions"'))
    calls = block("python", "RemoteError")
    assert calls.count(USER) == 1
    # the page's user may have been deleted by another test
    mine = f"USER_ID = {Account(system.url).id}"
    (made / "calls.py").write_text(calls.replace(USER, mine))
    (made / "faults.py").write_text(block("python", "registry"))
    (made / "reports.py").write_text(block("python", "class Reports"))
    (made / "reports.yaml").write_text(block("yaml", "AMQP_URI"))
    return made


@pytest.fixture(scope="module")
def uri(system, directory):
    """The address for the page's user, once the broker has been told of it."""
    command = block("sh", "api/definitions")
    assert MANAGEMENT in command
    operator = f"-u operator:{broker_password(system.state, 'operator')}"
    subprocess.run(
        [
            "bash",
            "-ec",
            command.replace(MANAGEMENT, system.management_url).replace(
                "-u operator", f"--fail -sS {operator}"
            ),
        ],
        cwd=directory,
        check=True,
        timeout=SECONDS,
    )
    port = system.state.ports["rabbitmq"]
    return f"amqp://reports:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/gym"


def environment(uri):
    # the page's programs know nothing of this project
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    scripts = str(Path(sys.executable).parent)
    return kept | {
        "AMQP_URI": uri,
        "PATH": f"{scripts}:{kept['PATH']}",
        "PYTHONWARNINGS": "ignore",
    }


def run(directory, uri, name):
    done = subprocess.run(
        [sys.executable, name],
        cwd=directory,
        env=environment(uri),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def service(directory, uri):
    """The page's service, run as the page says."""
    command = block("sh", "nameko run")
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=directory,
            env=environment(uri),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: "Connected to" in (directory / "log").read_text(), SECONDS)
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.fixture
def stock(uri):
    with ClusterRpcProxy({"AMQP_URI": uri}, timeout=SECONDS) as rpc:
        yield rpc


def test_the_page_has_no_example_that_is_not_run():
    languages = re.findall(r"^```(\w*)$", PAGE, re.M)
    assert sorted(filter(None, languages)) == sorted(
        ["json"] * 5 + ["sh"] * 2 + ["python"] * 3 + ["yaml"]
    )


def test_the_script(system, directory, uri):
    workout_id, lines = check_script(run(directory, uri, "calls.py"), "new")
    again, lines_again = check_script(run(directory, uri, "calls.py"), "again")
    assert workout_id == again
    assert lines[1] == lines_again[1]
    assert lines[-1] in PAGE
    eventually(lambda: "import-2026-11-20" in system.log("workouts").read_text())


def check_script(lines, said):
    new, total, records, refusal = lines
    assert re.fullmatch(rf"workout \d+ {said}", new)
    assert re.fullmatch(r"workouts in all [1-9]\d*", total)
    assert re.fullmatch(r"records of \d+ exercises", records)
    assert refusal.startswith("ValidationFailed because date: ")
    return new.split()[1], lines


@pytest.mark.slow
def test_the_script_that_wants_faults_as_data(directory, uri):
    (line,) = run(directory, uri, "faults.py")
    assert f"This prints `{line}`" in PAGE


class Account:
    """Somebody who logs by the REST API, since that is what events come from."""

    def __init__(self, url):
        self.url = url
        self.headers = {}
        body = {"email": f"stock.{os.urandom(6).hex()}@example.com", "password": "correct horse"}
        self.id = self.send("POST", "/api/users/register", body)["id"]
        token = self.send("POST", "/api/users/login", body)["token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def send(self, method, path, body=None):
        answer = requests.request(
            method, self.url + path, json=body, headers=self.headers, timeout=SECONDS
        )
        assert answer.ok, answer.text
        return answer.json()["data"][0]


def exercises(weight):
    return [{"exercise_id": 1, "sets": [{"reps": 5, "weight": weight}]}]


@pytest.mark.slow
def test_the_service_hears_of_workouts(system, service, stock):
    account = Account(system.url)
    body = {"date": ago(1), "exercises": exercises(100)}
    workout_id = account.send("POST", "/api/workouts", body)["id"]
    path = f"/api/workouts/{workout_id}"
    eventually(lambda: stock.reports.heaviest_of(workout_id) == 100, SECONDS)
    account.send("PUT", path, {"exercises": exercises(110)})
    eventually(lambda: stock.reports.heaviest_of(workout_id) == 110, SECONDS)
    account.send("DELETE", path)
    eventually(lambda: stock.reports.heaviest_of(workout_id) is None, SECONDS)


def test_an_event_is_as_the_page_says(system):
    queue = "looked-at"
    virtual_host = "gym"
    page = requests.Session()
    page.auth = ("operator", broker_password(system.state, "operator"))
    api = f"{system.management_url}/api"
    page.put(f"{api}/queues/{virtual_host}/{queue}", json={}, timeout=SECONDS).raise_for_status()
    page.post(
        f"{api}/bindings/{virtual_host}/e/gateway.events/q/{queue}",
        json={"routing_key": "#"},
        timeout=SECONDS,
    ).raise_for_status()
    account = Account(system.url)
    account.send("POST", "/api/workouts", {"date": ago(1)})

    def taken():
        wish = {"count": 100, "ackmode": "ack_requeue_false", "encoding": "auto"}
        return page.post(
            f"{api}/queues/{virtual_host}/{queue}/get", json=wish, timeout=SECONDS
        ).json()

    (message,) = eventually(taken, SECONDS)
    shown = json.loads(block("json", '"version"'))
    told = json.loads(message["payload"])
    # for analytics, as the page says below
    workout = told.pop("workout")
    assert (workout["id"], workout["exercises"]) == (told["workout_id"], [])
    assert told.keys() == shown.keys()
    assert {type(value) for value in told.values()} == {int, str}
    assert (told["user_id"], told["version"], told["date"]) == (account.id, 1, ago(1))
    page.delete(f"{api}/queues/{virtual_host}/{queue}", timeout=SECONDS)


def test_what_does_not_work_says_so(stock):
    # this process knows the class
    with pytest.raises(ValidationFailed):
        stock.workouts.create(7, {"date": date(2026, 11, 20)})


def test_the_user_may_do_no_more_than_it_needs(uri):
    with (
        pytest.raises(Exception, match="ACCESS_REFUSED"),
        ClusterRpcProxy({"AMQP_URI": uri}, timeout=SECONDS) as rpc,
    ):
        rpc.workouts.delete(7, 1)


@pytest.mark.slow
def test_the_names_of_errors_are_those_that_there_are():
    table = PAGE.partition("| `exc_type` | when |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", table))
    assert named == {
        kind.__name__
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, errors.GymError)
        and kind not in (errors.GymError, errors.FaultyInput)
    } - {"Forbidden", "RateLimitExceeded"}
