"""Traces: a request's spans in all services, kept in files, drawn, and sent by OTLP."""

import gzip
import json
import os
import secrets
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.process.settings import Settings
from stack import commands, traces, waterfall
from stack.bringing_up import choose
from stack.environment import given_from_outside, make_environment
from stack.testing import SETTINGS, make_system, running_system
from tests.erasing import is_in, open_account
from tests.waiting import eventually

pytestmark = pytest.mark.slow

SERVICES = {"api-gateway", "workout-service", "analytics-service"}
ABOVE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(BaseHTTPRequestHandler):
    """Takes what an OpenTelemetry collector would."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def collector():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.received = []
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("run") / traces.DIRECTORY


@pytest.fixture(scope="module")
def traced(collector, kept):
    settings = {
        **SETTINGS,
        "TRACE_DIRECTORY": str(kept),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    directory = commands.RUN_DIRECTORY / f"test-{os.getpid()}-traces"
    with running_system(settings=settings, directory=directory) as system:
        yield system


@pytest.fixture(scope="module")
def logged(traced, kept):
    """The request id of a workout that was logged, once its event has been handled, too."""
    body = {"email": f"{secrets.token_hex(6)}@example.com", "password": "long enough"}
    answer = requests.post(f"{traced.url}/api/users/register", json=body, timeout=30)
    request_id = f"traced.{secrets.token_hex(6)}"
    workout = {"date": "2026-01-02", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}
    headers = {
        "Authorization": f"Bearer {answer.json()['data'][0]['token']}",
        "X-Request-ID": request_id,
        "traceparent": f"00-{ABOVE}-00f067aa0ba902b7-01",
    }
    answer = requests.post(f"{traced.url}/api/workouts", json=workout, headers=headers, timeout=30)
    assert answer.status_code == 201

    def handled():
        names = [span.name for trace in traces.find(kept, request_id) for span, _ in trace.walk()]
        return "analytics.handle_workout_created" in names

    eventually(handled)
    return request_id


def test_a_request_is_one_trace_over_all_services(logged, kept):
    (trace,) = traces.find(kept, logged)
    spans = {span.name: span for span, _ in trace.walk()}
    assert {span.service for span in spans.values()} >= SERVICES
    assert any(name.startswith("SQL ") for name in spans)
    assert any(name.startswith("Redis ") for name in spans)
    (root,) = trace.roots
    assert root.name == "POST /api/workouts"
    assert root.attributes["status"] == 201
    assert root.attributes["request_id"] == logged

    above = {span.id: span for span, _ in trace.walk()}
    served = next(
        span
        for span, _ in trace.walk()
        if span.name == "workouts.create" and span.service == "workout-service"
    )
    called = above[served.parent]
    assert (called.service, called.parent) == ("api-gateway", root.id)
    handled = spans["analytics.handle_workout_created"]
    assert above[handled.parent].name == "workout_created"
    for span, _ in trace.walk():
        assert span.start <= span.end


def test_no_values_are_kept(logged, kept):
    text = "".join(path.read_text() for path in kept.glob("*.jsonl"))
    assert "@example.com" not in text
    assert "long enough" not in text


def test_readiness_leaves_no_trace(traced, logged, kept):
    requests.get(f"{traced.url}/ready", timeout=10)
    assert "ready" not in "".join(path.read_text() for path in kept.glob("*.jsonl"))


def test_spans_are_sent_to_a_collector_as_part_of_the_callers_trace(collector, logged):
    def sent():
        names = set()
        for path, body in list(collector.received):
            assert path == "/v1/traces"
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                service = resource.resource.attributes[0].value.string_value
                for scope in resource.scope_spans:
                    names |= {(service, s.name) for s in scope.spans if s.trace_id.hex() == ABOVE}
        return {
            ("api-gateway", "POST /api/workouts"),
            ("workout-service", "workouts.create"),
            ("analytics-service", "analytics.handle_workout_created"),
        } <= names

    eventually(sent)


def test_the_command_draws_it(logged, kept, monkeypatch, capsys):
    monkeypatch.setattr(commands, "RUN_DIRECTORY", kept.parent)
    assert commands.main(["trace", logged]) == 0
    drawn = capsys.readouterr().out
    assert logged in drawn
    assert "└─ " in drawn
    assert "█" in drawn
    assert "analytics.handle_workout_created" in drawn

    assert commands.main(["trace"]) == 0
    assert logged in capsys.readouterr().out

    assert commands.main(["trace", logged, "--html"]) == 0
    page = capsys.readouterr().out.strip()
    assert "workouts.create" in (kept / page).read_text()

    assert commands.main(["trace", "no-such-id"]) == 1
    assert "no trace of no-such-id" in capsys.readouterr().err


def test_a_page_shows_what_was_sent_as_text():
    span = traces.Span("a", None, "GET <script>", "api-gateway", 0, 10, False, {"x": "<b>"})
    page = waterfall.as_page("<i>", [traces.Trace([span])])
    assert not {"<script>", "<b>", "<i>"} & set(page.split())
    assert "&lt;script&gt;" in page


def test_half_a_line_is_passed_over(tmp_path):
    line = {
        "trace": "t",
        "span": "s",
        "parent": None,
        "name": "GET /x",
        "kind": "SERVER",
        "service": "api-gateway",
        "start": 1,
        "end": 2,
        "failed": False,
        "attributes": {"request_id": "r"},
    }
    whole = json.dumps(line, separators=(",", ":"))
    (tmp_path / "a.jsonl").write_text(f"{whole}\n{whole[:-9]}")
    (trace,) = traces.find(tmp_path, "r")
    assert [span.id for span in trace.roots] == ["s"]


def test_old_files_go(tmp_path):
    # in a process of its own: SQL and Redis would be listened to in this one from now on
    program = f"""
from services.observability import gathered_lines
from services.observability.tracing import ring, spans
ring.LARGEST_FILE, ring.MOST_FILES, gathered_lines.MOST_BYTES = 1000, 4, 500
kept = ring.Ring({str(tmp_path)!r}, "users")
for number in range(50):
    spans.RecordedSpan("CLIENT", "number", None, True, {{"n": number}}, kept.take).end()
kept.stop()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    files = list(tmp_path.glob("*.jsonl"))
    assert len(files) == 4
    assert '"n":49' in "".join(path.read_text() for path in files)


def test_nothing_of_opentelemetry_is_imported_unless_spans_are_sent(tmp_path):
    program = f"""
import sys
from services.observability import tracing
from services.process.settings import Settings
from services.run import import_redis
import_redis()
import gateway.service, services.workouts.service
settings = Settings.from_environment({{"TRACE_DIRECTORY": {str(tmp_path)!r}}})
tracing.switch_on(settings, "users")
with tracing.span(tracing.SERVER, "GET /health"):
    pass
tracing.switch_off()
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    assert "GET /health" in "".join(path.read_text() for path in tmp_path.glob("*.jsonl"))


def test_gym_up_keeps_traces_unless_told_otherwise(tmp_path):
    def directory(**environment):
        state = choose(tmp_path, given_from_outside(environment), None)
        return make_environment(state)["TRACE_DIRECTORY"]

    assert directory() == str(tmp_path / traces.DIRECTORY)
    off = directory(TRACE_DIRECTORY="off")
    assert Settings.from_environment({"TRACE_DIRECTORY": off}).trace_directory == ""
    assert "TRACE_DIRECTORY" not in make_environment(make_system(tmp_path, {}).state)


def test_no_trace_says_whose_request_it_was(traced, kept):
    account = open_account(traced)
    credentials = {"email": account.email, "password": account.password}
    answer = requests.post(f"{traced.url}/api/users/login", json=credentials, timeout=30)
    request_id = f"traced.{secrets.token_hex(6)}"
    headers = {
        "Authorization": f"Bearer {answer.json()['data'][0]['token']}",
        "X-Request-ID": request_id,
    }
    path = f"{traced.url}/api/users/{account.id}"
    assert requests.get(path, headers=headers, timeout=30).status_code == 200
    workout = {"date": "2026-01-02"}
    path = f"{traced.url}/api/workouts"
    assert requests.post(path, json=workout, headers=headers, timeout=30).status_code == 201

    def handled():
        names = [span.name for trace in traces.find(kept, request_id) for span, _ in trace.walk()]
        return "analytics.handle_workout_created" in names

    eventually(handled)
    found = [path for path in kept.glob("*.jsonl") if is_in(account, path.read_text())]
    assert found == []
