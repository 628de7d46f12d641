"""Clients that generators make of the document: they are complete, and understand the gateway."""

import datetime
import importlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PACKAGE = "generated_gym_client"
GENERATORS = ["openapi-typescript@7.13.0", "typescript@5.9.3"]
TYPESCRIPT = Path(__file__).parent / "typescript"
# a registry that can't be reached is found out at once
NPM_OPTIONS = ["--no-save", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=0"]
GENERATOR_SECONDS = 300
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def document_file(http, tmp_path_factory):
    """The document as the running gateway gives it."""
    file = tmp_path_factory.mktemp("generated") / "openapi.json"
    file.write_bytes(http.get("/openapi.json").content)
    return file


def run(command, directory):
    # the generator tidies up with the ruff that stands beside it
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=GENERATOR_SECONDS,
    )


# --- Python


@pytest.fixture(scope="module")
def without_files(document_file):
    """The document without files that openapi-python-client makes nothing of."""
    document = json.loads(document_file.read_bytes())
    for operations in document["paths"].values():
        for method, operation in [*operations.items()]:
            taken = operation.get("requestBody", {}).get("content", {})
            given = operation["responses"].get("200", {}).get("content", {})
            if "text/csv" in taken or "application/zip" in given:
                del operations[method]
    file = document_file.with_name("without_files.json")
    file.write_text(json.dumps(document))
    return file


@pytest.fixture(scope="module")
def generated(without_files):
    """What openapi-python-client makes, as a function that imports a module of it."""
    directory = without_files.parent
    options = ["--path", without_files, "--output-path", directory / PACKAGE, "--meta", "none"]
    generator = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    done = run([*generator, *options], directory)
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout.lower()
    sys.path.insert(0, str(directory))
    try:
        yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    finally:
        sys.path.remove(str(directory))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def call(generated, gateway_url):
    """Call an operation such as ``workouts.create_workout``; returns the status and the answer."""

    def call(name, *args, token=None, **options):
        client = generated("client")
        if token is None:
            caller = client.Client(gateway_url)
        else:
            caller = client.AuthenticatedClient(gateway_url, token)
        operation = generated(f"api.{name}")
        with caller:
            answer = operation.sync_detailed(*args, client=caller, **options)
        return answer.status_code, answer.parsed

    return call


@pytest.fixture(scope="module")
def models(generated):
    return generated("models")


@pytest.fixture(scope="module")
def token(call, models):
    body = models.NewUser(f"{uuid.uuid4().hex}@example.com", PASSWORD)
    status, answer = call("users.register", body=body)
    assert status == 201
    assert isinstance(answer, models.RegisterResponse201)
    return answer.data[0].token


@pytest.fixture(scope="module")
def workout(call, models, token):
    """A workout that was logged with nothing said that has a default."""
    body = models.NewWorkout(
        date=datetime.date(2025, 2, 16),
        exercises=[models.LoggedExercise(exercise_id=1, sets=[models.LoggedSet(reps=5)])],
    )
    status, answer = call("workouts.create_workout", body=body, token=token)
    assert status == 201
    return answer.data[0]


def test_a_workout_is_logged_and_read(call, models, token, workout):
    status, answer = call("workouts.get_workout", workout.id, token=token)
    assert status == 200
    (read,) = answer.data
    assert isinstance(read, models.Workout)
    assert read == workout
    assert read.date == datetime.date(2025, 2, 16)
    (performed,) = read.exercises[0].sets
    assert (performed.reps, performed.weight) == (5, None)
    assert performed.unit == models.WeightUnit.KG
    assert performed.set_type == models.SetType.NORMAL


def test_a_set_that_was_read_is_written_with_the_same_types(call, models, token, workout):
    kept = [
        models.LoggedSet(reps=one.reps, unit=one.unit, set_type=one.set_type)
        for one in workout.exercises[0].sets
    ]
    body = models.WorkoutChanges(exercises=[models.LoggedExercise(1, sets=kept)])
    status, answer = call("workouts.update_workout", workout.id, body=body, token=token)
    assert status == 200
    assert answer.data[0].exercises[0].sets[0].unit == models.WeightUnit.KG


def test_filters_of_several_values_and_an_order_arrive(call):
    status, answer = call(
        "exercises.list_exercises", category="cardio,flexibility", sort="name:desc", limit=100
    )
    assert status == 200
    assert {exercise.category.value for exercise in answer.data} == {"cardio", "flexibility"}
    names = [exercise.name.lower() for exercise in answer.data]
    assert names[0] > names[-1]
    assert answer.meta.page.total_items == len(names)


def test_numbers_of_either_kind_of_period_are_understood(call, models, generated, token):
    periods = generated("models.progress_period").ProgressPeriod
    for period, kind in (
        (periods.WEEKLY, models.WeeklyProgress),
        (periods.MONTHLY, models.MonthlyProgress),
    ):
        status, answer = call("statistics.progress", period=period, weeks=2, token=token)
        assert status == 200
        assert isinstance(answer.data[0], kind)


def test_a_fault_of_the_body_has_its_details(call, models, token):
    body = models.NewWorkout(
        date=datetime.date(2025, 2, 16),
        exercises=[models.LoggedExercise(exercise_id=1, sets=[models.LoggedSet(reps=-5)])],
    )
    status, answer = call("workouts.create_workout", body=body, token=token)
    assert status == 400
    assert isinstance(answer, models.Failure)
    (error,) = answer.errors
    assert isinstance(error, models.Error)
    assert (error.code, error.field) == ("VALIDATION_ERROR", "exercises[0].sets[0].reps")
    assert error.details.constraint == models.ErrorDetailsConstraint.MIN
    assert (error.details.min_value, error.details.received) == (0, -5)


def test_a_fault_of_a_parameter_has_its_details(call, models):
    status, answer = call("exercises.list_exercises", limit=500)
    assert (status, answer.errors[0].code) == (400, "INVALID_PARAMETER")
    assert answer.errors[0].details.max_value == 100


@pytest.mark.parametrize(
    ("bearer", "status", "code"), [("nonsense", 401, "UNAUTHORIZED"), (None, 404, "NOT_FOUND")]
)
def test_other_failures_are_told_apart(call, models, token, bearer, status, code):
    got, answer = call("workouts.get_workout", 2**62, token=bearer or token)
    assert got == status
    assert isinstance(answer, models.Failure)
    assert [error.code for error in answer.errors] == [code]
    assert answer.data == []
    assert answer.meta.request_id


# --- TypeScript


@pytest.fixture(scope="module")
def node_tools(tmp_path_factory):
    """Where openapi-typescript and tsc are."""
    if not shutil.which("npm"):
        pytest.skip("needs Debian's npm (and a registry to install openapi-typescript from)")
    directory = tmp_path_factory.mktemp("node")
    done = run(["npm", "install", *NPM_OPTIONS, *GENERATORS], directory)
    if done.returncode:
        pytest.skip(f"npm could not install {' and '.join(GENERATORS)}: {done.stdout[-300:]}")
    return directory / "node_modules" / ".bin"


@pytest.mark.timeout(GENERATOR_SECONDS)
def test_types_for_typescript_fit_what_clients_write(node_tools, document_file, tmp_path):
    done = run([node_tools / "openapi-typescript", document_file, "--output", "api.d.ts"], tmp_path)
    assert done.returncode == 0, done.stdout
    assert "warn" not in done.stdout.lower()
    shutil.copy(TYPESCRIPT / "use.ts", tmp_path)
    done = run([node_tools / "tsc", "--strict", "--noEmit", "use.ts"], tmp_path)
    assert done.returncode == 0, done.stdout
