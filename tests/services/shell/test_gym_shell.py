"""``./gym shell`` as a person has it: quiet, helpful, and without a secret on the screen."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from schemas.errors import ServiceUnavailable, ValidationFailed
from services.shell.failures import sentence
from services.shell.secret import SecretAddress
from stack.layout import CHECKOUT
from tests.services.shell.terminal import at_terminal
from tests.services.shell.test_help import ALL_METHODS, METHODS, class_of, methods_of

SHELL = [sys.executable, "-m", "stack", "shell"]
TAB = "\t"
NOBODY = 2**62
SECONDS = 60
PASSWORD = "pa55-w0rd"


@pytest.fixture(scope="module")
def broker(system):
    return system.environment["AMQP_URI"]


@pytest.fixture(scope="module")
def shell(broker):
    with at_terminal(SHELL, {"AMQP_URI": broker}) as terminal:
        terminal.banner = terminal.read_until(">>> ")
        yield terminal


def piped(broker, script):
    return subprocess.run(
        SHELL,
        input=script,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"AMQP_URI": broker},
        timeout=SECONDS,
    )


@pytest.mark.slow
def test_it_begins_with_what_there_is_to_do(shell, broker):
    place = urlsplit(broker)
    lines = shell.banner.replace("\r", "").splitlines()
    first = f"A nameko shell on RabbitMQ at {place.hostname}:{place.port}/gym as operator. Try:"
    assert lines[0] == first
    assert len(lines) <= 10
    assert "Warning" not in shell.banner


def test_each_example_of_the_banner_works(shell):
    examples = [line.strip() for line in shell.banner.splitlines() if line.startswith("  ")]
    assert len(examples) == 3
    for example in examples:
        shown = shell.ask(example)
        assert shown.strip()
        assert "Error" not in shown


def test_no_secret_is_shown(shell, broker):
    for line in ("n", "n.config", "n.rpc", "n.config['AMQP_URI']", "str(n.config)", "help(n)"):
        assert shell.ask(line).strip()
    assert shell.ask("print(n.config['AMQP_URI'])").strip() == broker.replace(
        urlsplit(broker).password, "***"
    )
    shell.ask("vars(n.rpc._proxy._worker_ctx.container)")
    assert urlsplit(broker).password not in shell.shown


def test_no_secret_is_among_its_arguments(shell, broker):
    arguments = Path(f"/proc/{shell.process.pid}/cmdline").read_text()
    assert "services.shell" in arguments
    assert urlsplit(broker).password not in arguments


@pytest.mark.slow
def test_no_history_is_kept(broker, tmp_path):
    with at_terminal(SHELL, {"AMQP_URI": broker, "HOME": str(tmp_path)}) as shell:
        shell.read_until(">>> ")
        shell.ask(f"len('{PASSWORD}')")
        shell.type("\x04")
        assert shell.process.wait(SECONDS) == 0
    assert list(tmp_path.iterdir()) == []


def test_an_event_can_be_dispatched(shell):
    assert shell.ask("n.dispatch_event('gateway', 'nothing_happened', {})") == ""
    assert shell.ask("n.dispatch_event('nobody', 'nothing_happened', {})") == (
        "NotFound: Basic.publish: (404) NOT_FOUND - no exchange 'nobody.events' in vhost 'gym'\n"
    )


def test_tab_completes_services(shell):
    shell.type(f"n.rpc.{TAB}{TAB}")
    shown = shell.read_until(">>> ")
    found = set(shown.split()) & {f"n.rpc.{service}" for service in METHODS}
    assert found == {f"n.rpc.{service}" for service in METHODS}
    assert "worker_ctx" not in shown
    # the line is still there
    shell.type(f"ana{TAB}.reb{TAB}{NOBODY})\n")
    assert "{'workouts': 0}" in shell.read_until(">>> ")


@pytest.mark.parametrize("service", METHODS)
def test_tab_completes_methods(shell, service):
    shell.type(f"n.rpc.{service}.{TAB}{TAB}")
    shown = shell.read_until(">>> ").replace("\r", "")
    shell.read_until(f"n.rpc.{service}.")
    shell.type("__name__\n")
    shell.read_until(">>> ")
    found = {word.rstrip("()").rpartition(".")[2] for word in shown.split() if "(" in word}
    assert found == set(METHODS[service])


@pytest.mark.parametrize("service", METHODS)
def test_a_service_tells_what_it_can_do(shell, service):
    shown = shell.ask(f"n.rpc.{service}")
    assert shown.splitlines()[0] == inspect.getdoc(class_of(service))
    assert all(f"\n  {method} " in shown for method in METHODS[service])
    helped = shell.ask(f"help(n.rpc.{service})")
    assert all(f"{method}(" in helped for method in METHODS[service])


@pytest.mark.parametrize(("service", "method"), ALL_METHODS)
def test_help_shows_what_a_method_takes_and_returns(shell, service, method):
    shown = shell.ask(f"help(n.rpc.{service}.{method})")
    function = methods_of(service)[method]
    parameters = list(inspect.signature(function).parameters)[1:]
    assert all(name in shown.partition(f"{method}(")[2] for name in parameters)
    for line in inspect.getdoc(function).splitlines():
        assert line.strip() in shown


def test_failures_are_told_in_a_line_or_two(shell):
    told = {
        "n.rpc.workouts.get(2**62)": "NotFound: There is no such workout\n",
        "n.rpc.workouts.create(1, {})": (
            "ValidationFailed: date: Date is required, unless started_at is given\n"
        ),
        "n.rpc.workouts.get()": (
            "IncorrectSignature: get: missing a required argument: 'workout_id'\n"
            "help(n.rpc.workouts.get) says what it takes\n"
        ),
        "n.rpc.workouts.burn(1)": (
            "MethodNotFound: burn\nn.rpc.workouts has: "
            "add_to_import, apply_import, begin_import, changes, create, create_measurement, "
            "delete, delete_import, delete_measurement, delete_measurement_by_external_id, "
            "end_upload, export, get, get_import, get_many, get_measurement, last_sets, list, "
            "list_imports, list_measurements, map_import, measurement_changes, "
            "measurement_position, merge_exercise, own_changes, own_position, "
            "put_measurement, retire_exercise, take_out, undo_import, update, "
            "update_measurement\n"
        ),
        "n.rpc.wrkouts.get(1)": (
            "UnknownService: Unknown service `wrkouts`\n"
            "known services: analytics, exercises, notifications, users, workouts\n"
        ),
        "n.rpc['work-outs'].get(1)": (
            "UnknownService: Unknown service `work-outs`\n"
            "known services: analytics, exercises, notifications, users, workouts\n"
        ),
        "n.rpc.users.get({1})": "EncodeError: Object of type set is not JSON serializable\n",
    }
    assert {line: shell.ask(line) for line in told} == told


def test_other_failures_keep_their_traceback(shell):
    assert shell.ask("1 / 0").splitlines() == [
        "Traceback (most recent call last):",
        '  File "<console>", line 1, in <module>',
        "ZeroDivisionError: division by zero",
    ]


def test_ctrl_c_ends_a_call_and_not_the_shell(shell):
    # not a sleep: a signal between its call and the system's would be noticed after it only
    shell.type("print('begun'); any(iter(lambda: 0, 1))\n")
    shell.read_until("\r\nbegun")
    shell.type("\x03")
    assert shell.read_until(">>> ").split() == ["^CKeyboardInterrupt", ">>>"]
    assert shell.ask("1 + 1") == "2\n"


@pytest.mark.slow
def test_a_script_ends_where_it_fails(broker):
    done = piped(broker, "print(n.rpc.users.get(2**62))\nprint('never')\n")
    assert done.returncode == 1
    assert done.stderr.count("NotFound: There is no such user") == 1
    assert "Traceback" not in done.stderr
    assert "never" not in done.stdout


@pytest.mark.slow
def test_a_script_that_goes_through(broker):
    done = piped(broker, "print(len(n.rpc.exercises.list(limit=3)['items']))\n")
    assert (done.returncode, done.stdout.count("3\n")) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"amqp://gym:{PASSWORD}@127.0.0.1:9/gym", "Connection refused"),
        (f"amqp://gym:{PASSWORD}/5@127.0.0.1:9/gym", "AMQP_URI must be as amqp://"),
        (f"amqp://gym:5/{PASSWORD}@127.0.0.1:9/gym", "AMQP_URI must be as amqp://"),
        (f"amqp://gym:5#{PASSWORD}@127.0.0.1:9/gym", "AMQP_URI must be as amqp://"),
        (PASSWORD, "AMQP_URI must be as amqp://"),
    ],
)
def test_a_broker_that_is_not_there_is_told_without_the_password(address, said):
    done = piped(address, "")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("gym: ")
    assert said in line
    assert PASSWORD not in line


@pytest.mark.slow
def test_a_wrong_password_is_told_without_it(broker):
    wrong = broker.replace(urlsplit(broker).password, PASSWORD)
    done = piped(wrong, "")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "ACCESS_REFUSED" in line
    assert PASSWORD not in line


def test_the_secret_address_works_as_any_other(broker):
    with ClusterRpcProxy({"AMQP_URI": SecretAddress(broker)}, timeout=SECONDS) as rpc:
        assert rpc.exercises.list(limit=1)["items"]


def test_a_remote_failure_has_its_details_where_it_has_some():
    assert sentence(ValidationFailed('[{"field": "date", "message": "is odd"}]')) == (
        "ValidationFailed: date: is odd"
    )
    assert sentence(ServiceUnavailable.of("workout-service", 5)) == (
        "ServiceUnavailable: Workout service is temporarily unavailable"
    )
    assert sentence(ValueError("mine")) is None
