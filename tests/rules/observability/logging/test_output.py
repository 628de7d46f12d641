"""When lines of the log are written, and that prepared ones are lines as any other."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

HOSTILE = "/api/a\x9b31m/ada@example.com/\"'\\"
BEGINNING = """
import services, eventlet
from services.observability import logging as logs
from services.process.settings import Settings
logs.configure(Settings.from_environment(CHOSEN), "users")
log = logs.get_logger("t")
"""


def start(program, log_format="json", level="INFO", errors=None):
    chosen = {"LOG_FORMAT": log_format, "LOG_LEVEL": level}
    beginning = BEGINNING.replace("CHOSEN", repr(chosen))
    return subprocess.Popen(
        [sys.executable, "-c", beginning + program],
        stdout=subprocess.PIPE,
        stderr=errors,
        encoding="utf-8",
    )


def lines_of(program, **settings):
    process = start(program, **settings)
    written, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return [json.loads(line) for line in written.splitlines()]


def events(lines):
    return [line["event"] for line in lines]


def test_what_waits_is_written_at_the_end():
    assert events(lines_of("for n in range(3): log.info(str(n))")) == ["0", "1", "2"]


def test_a_warning_waits_for_nothing_and_keeps_its_place():
    program = 'log.info("a"); log.warning("b"); log.info("lost"); import os; os._exit(0)'
    assert events(lines_of(program)) == ["a", "b"]


def test_other_loggers_keep_their_places():
    program = """
import logging
log.info("a"); logging.getLogger("other").info("b"); log.info("c")
logging.getLogger("other").error("d")
import os; os._exit(0)
"""
    assert events(lines_of(program)) == ["a", "b", "c", "d"]


def test_lines_are_written_after_a_moment():
    program = 'log.info("a"); eventlet.sleep(0.2); import os; os._exit(0)'
    assert events(lines_of(program)) == ["a"]


def test_many_lines_are_written_before_the_moment_is_over():
    program = 'for n in range(1000): log.info("x" * 100)\nimport os; os._exit(0)'
    assert 0 < len(lines_of(program)) <= 1000


def test_a_thread_that_has_no_loop_writes_at_once():
    program = """
import threading
thread = threading.Thread(target=lambda: log.info("a"))
thread.start(); thread.join()
import os; os._exit(0)
"""
    assert events(lines_of(program)) == ["a"]


def test_a_reader_that_is_gone_harms_nobody():
    with start(
        'eventlet.sleep(0.3); log.error("a"); log.info("b"); eventlet.sleep(0.1)'
    ) as process:
        process.stdout.close()
        assert process.wait(timeout=30) == 0


def test_a_stop_by_signal_loses_nothing():
    program = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
log.info("waits"); os.write(1, b"ready\\n")
while True: pass
"""
    with start(program) as process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert "waits" in process.stdout.read()


PREPARED = f"""
known = dict(method="GET", path={HOSTILE!r}, route="/api/:x", status=200, user_id=None)
line = logs.PreparedLine("http request", **known)
line.write(b"one", 0.0123)
log.info("http request", **known, request_id="one", duration_ms=12.3)
"""


def test_a_prepared_line_is_as_any_other():
    prepared, ordinary = lines_of(PREPARED)
    assert prepared.pop("time") <= ordinary.pop("time")
    assert prepared == ordinary
    assert prepared["path"] == "/api/a\\x9b31m/<e-mail>/\"'\\"


def test_a_prepared_line_of_no_request_is_as_any_other():
    program = """
line = logs.PreparedLine("event handled", event_type="record_set")
line.write_for_worker(0.0123)
log.info("event handled", event_type="record_set", duration_ms=12.3)
"""
    prepared, ordinary = lines_of(program)
    assert prepared.pop("time") <= ordinary.pop("time")
    assert prepared == ordinary


def test_its_time_is_now():
    (line, _) = lines_of(PREPARED)
    written = time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")
    assert abs(time.mktime(time.gmtime()) - time.mktime(written)) < 30
    assert line["time"].endswith("Z")
    assert len(line["time"]) == len("2026-11-23T02:02:20.327114Z")


def test_an_id_that_looks_like_a_token_is_none():
    program = PREPARED.replace('b"one"', 'b"eyJhbGciOi.eyJ1c2VyX2lk.c2ln"')
    assert {line["request_id"] for line in lines_of(program)} == {"<token>", "one"}


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_its_level_is_heeded(log_format):
    process = start(PREPARED, log_format, "WARNING")
    assert process.communicate(timeout=30)[0] == ""


def test_people_get_it_as_text():
    process = start(PREPARED, "text")
    written = process.communicate(timeout=30)[0]
    assert written.count("http request") == 2
    assert "{" not in written
    assert "ada@example.com" not in written


# who writes it, the level of the line, and something that the line says
NOT_OURS = {
    "a warning": ("import warnings; warnings.warn('soon gone')", "warning", "soon gone"),
    "a print": ("print('hello')", "info", "hello"),
    "half a line": ("import sys; sys.stdout.write('hello')", "info", "hello"),
    "a print of an error": ("import sys; print('oh', file=sys.stderr)", "error", "oh"),
    "an error in a greenthread": (
        "eventlet.spawn_n(lambda: 1 / 0); eventlet.sleep(0.01)",
        "error",
        "ZeroDivisionError: division by zero",
    ),
    "an error in a timer": (
        "eventlet.hubs.get_hub().schedule_call_global(0, lambda: 1 / 0); eventlet.sleep(0.01)",
        "error",
        "ZeroDivisionError: division by zero",
    ),
    "an error in a thread": (
        "import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        "error",
        "ZeroDivisionError: division by zero",
    ),
    "an error that nobody can catch": (
        "X = type('X', (), {'__del__': lambda self: 1 / 0}); X()",
        "error",
        "ZeroDivisionError: division by zero",
    ),
    "the last error of a process": ("1 / 0", "critical", "ZeroDivisionError: division by zero"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", NOT_OURS)
def test_what_others_write_is_a_line_of_the_log(case):
    program, level, said = NOT_OURS[case]
    with start(program, errors=subprocess.STDOUT) as process:
        lines = [json.loads(line) for line in process.stdout]
    assert {line["level"] for line in lines} == {level}
    assert said in "\n".join(line.get("exception", line["event"]) for line in lines)
    assert {line["service"] for line in lines} == {"users"}


def test_a_traceback_is_one_line():
    with start("def inner(): 1 / 0\ninner()", errors=subprocess.STDOUT) as process:
        (line,) = [json.loads(line) for line in process.stdout]
    assert "in inner" in line["exception"]


def test_on_a_terminal_it_stays_as_it_is():
    with start("print('hello')", "text", errors=subprocess.STDOUT) as process:
        assert process.stdout.read() == "hello\n"
