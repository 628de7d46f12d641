"""What docs/adding-a-route.md promises to whoever adds a route: here one that lists equipment."""

import os
import re
import subprocess
import sys

import pytest

from gateway.admission.callers import PUBLIC
from gateway.entrypoint import route
from gateway.openapi.contents import list_of
from gateway.openapi.document import make_document
from gateway.openapi.examples import EXAMPLES
from gateway.openapi.pages import Undocumented
from gateway.responses.replies import Reply
from gateway.service import Gateway
from gateway.upstream.remote_services import UpstreamService
from gateway.upstream.result_shapes import LIST
from schemas import responses
from schemas.workouts import LoggedSet
from stack.layout import CHECKOUT
from tests.api.lone_gateway import gateway_alone

PATH = "/api/exercises/equipment"
EQUIPMENT = [{"value": "barbell", "count": 17}, {"value": "bands", "count": 2}]
SECONDS = 60


class LargerGateway(Gateway):
    """The gateway with one more route."""

    exercises = UpstreamService("exercises", reads=["equipment"], returns={"equipment": LIST})

    @route("GET", PATH, caller=PUBLIC, shows=list_of(responses.FacetValue))
    def list_equipment(self, request):
        """List the equipment there is, with how many exercises need it."""
        return Reply(self.exercises.equipment())


@pytest.fixture
def documented(monkeypatch):
    monkeypatch.setitem(EXAMPLES, responses.FacetValue, EQUIPMENT[0])


@pytest.mark.usefixtures("documented")
def test_a_list_needs_no_pages():
    with gateway_alone(service=LargerGateway) as gateway:
        for found in (EQUIPMENT, []):
            gateway.answers["exercises.equipment"] = found
            answer = gateway.http.get(PATH)
            assert answer.status_code == 200
            assert answer.json()["data"] == found
            assert answer.json()["meta"].keys() == {"request_id"}
            assert "Link" not in answer.headers
            assert answer.headers["ETag"]


@pytest.mark.usefixtures("documented")
def test_a_list_is_described_without_pages_and_may_be_empty():
    described = make_document(LargerGateway)["paths"][PATH]["get"]["responses"]["200"]
    envelope = described["content"]["application/json"]["schema"]["properties"]
    assert envelope["data"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/FacetValue"},
    }
    assert envelope["meta"] == {"$ref": "#/components/schemas/Meta"}
    assert "Link" not in described["headers"]


@pytest.mark.usefixtures("documented")
def test_what_is_no_list_is_a_502_and_the_log_says_so(capsys):
    with gateway_alone(service=LargerGateway) as gateway:
        gateway.answers["exercises.equipment"] = {"items": EQUIPMENT}
        answer = gateway.http.get(PATH)
    assert answer.status_code == 502
    assert answer.json()["errors"][0]["code"] == "BAD_GATEWAY"
    said = "callee=exercise-service method=equipment reason='the result is an object, not a list'"
    assert said in capsys.readouterr().out


def start(service):
    with gateway_alone(service=service):
        pytest.fail("it started")


def test_a_route_that_is_not_documented_stops_the_start():
    missing = "list_equipment shows FacetValue, which has no example in gateway/openapi/examples.py"
    with pytest.raises(Undocumented, match=re.escape(missing)):
        start(LargerGateway)


def test_all_that_is_missing_is_said_at_once():
    class Undescribed(Gateway):
        @route("GET", "/api/first")
        def first(self, request):
            return Reply({})

        @route("POST", "/api/workouts/second", body=LoggedSet, shows=responses.Workout)
        def second(self, request):
            """Take a body of which there is no example."""
            return Reply({})

    with pytest.raises(Undocumented) as problem:
        start(Undescribed)
    assert str(problem.value).partition(": ")[2].split("; ") == [
        "first has no docstring",
        "first is in no chapter of gateway/openapi/routes.py",
        "first does not say what it shows",
        "second takes LoggedSet, which has no example in gateway/openapi/examples.py",
    ]


def end_of(preparation="pass", **variables):
    """Start a gateway in a process of its own, and return what it wrote when it ended."""
    program = f"import sys; from services import run; {preparation}; sys.exit(run.main('gateway'))"
    quiet = {"GATEWAY_ADDRESS": "127.0.0.1:0", "LOG_LEVEL": "WARNING", "LOG_FORMAT": "text"}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env=os.environ | quiet | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    return ended.stderr


@pytest.mark.slow
def test_the_process_ends_with_one_line():
    forget = (
        "from gateway.openapi.examples import EXAMPLES; from schemas.responses import Records; "
        "del EXAMPLES[Records]"
    )
    assert end_of(forget) == (
        "api-gateway can't start: the documentation is incomplete: "
        "personal_records shows Records, which has no example in gateway/openapi/examples.py\n"
    )


@pytest.mark.slow
def test_so_it_does_if_a_setting_is_bad_that_is_read_later():
    (line,) = end_of(TRUSTED_PROXIES="x").splitlines()
    assert line.startswith("api-gateway can't start: TRUSTED_PROXIES: ")
