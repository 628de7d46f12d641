"""What the two renderers write of hostile texts."""

import io
import json
import subprocess
import sys

import pytest

from services.observability.logging.safety import clean, harmless, write_traceback

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("bench press", "bench press"),
        ("développé couché 卧推 🏋", "développé couché 卧推 🏋"),
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("\x07\x08\x7f\x00", "\\x07\\x08\\x7f\\x00"),
        ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("half \ud800", "half \\ud800"),
        ("of ada@example.com", "of <e-mail>"),
        ("/api/users/ada%40example.com", "/api/users/<e-mail>"),
        ("a.b+c@sub.example.co.uk!", "<e-mail>!"),
        ("rabbit@host is up", "rabbit@host is up"),
        (f"Bearer {TOKEN}", "Bearer <token>"),
        (f"?token={TOKEN}&x=1", "?token=<token>&x=1"),
        ("eye", "eye"),
        ("x" * 1000, "x" * 1000),
        ("x" * 1_000_000, "x" * 1000 + "…"),
    ],
)
def test_texts(text, written):
    assert clean(text) == written


def test_a_line_is_cleaned_all_through():
    line = {
        "event": "a\nb",
        "field\n": ["x\ny", {"k\n": "v\n"}, ("t\n",)],
        "number": 1.5,
        "nothing": None,
        "other": ValueError("c\nd"),
        "exception": "Traceback\n  ada@example.com\x1b",
    }
    assert harmless(None, "info", line) == {
        "event": "a\\nb",
        "field\\n": ["x\\ny", {"k\\n": "v\\n"}, ["t\\n"]],
        "number": 1.5,
        "nothing": None,
        "other": "c\\nd",
        "exception": "Traceback\n  <e-mail>\\x1b",
    }


def test_a_traceback_on_a_terminal_never_looks_like_a_line():
    stream = io.StringIO()
    try:
        raise ValueError("x\n2026-01-01 [info] all is well \x1b[2J")
    except ValueError:
        write_traceback(stream, sys.exc_info())
    first, *lines = stream.getvalue().split("\n")
    assert first == ""
    assert all(line.startswith("    ") for line in lines)
    assert "\x1b" not in stream.getvalue()


HOSTILE = 'a\r\n{"event": "forged"}\x1b[31m\x9b\u2028\x85 ada@example.com ' + TOKEN
PROGRAM = f"""
import logging
from services.observability import logging as logs
from services.process.settings import Settings
logs.configure(Settings.from_environment({{"LOG_FORMAT": CHOSEN}}), "users")
password = "in a local variable"
log = logs.get_logger("t")
log.info({HOSTILE!r}, name={HOSTILE!r}, listed=[{HOSTILE!r}])
logging.getLogger("foreign").warning("%s", {HOSTILE!r})
try:
    raise ValueError({HOSTILE!r})
except ValueError as problem:
    log.error("failed", exc_info=problem)
    logging.getLogger("foreign").exception("failed")
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_what_is_written(log_format):
    program = PROGRAM.replace("CHOSEN", repr(log_format))
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert ended.stderr == ""
    written = ended.stdout.replace("\x1b[0m", "") if log_format == "json" else ended.stdout
    assert "\r" not in written
    assert "\x9b" not in written
    assert "ada@example.com" not in written
    assert TOKEN not in written
    assert "in a local variable" not in written
    # the colours of the text are ours, the red of the client is not among them
    assert "\\x1b[31m" in written.replace("\\\\", "\\")
    lines = written.splitlines()
    if log_format == "json":
        assert [json.loads(line)["level"] for line in lines] == [
            "info",
            "warning",
            "error",
            "error",
        ]
        assert "\x1b" not in written
    else:
        assert not [line for line in lines if line.startswith(("{", '"'))]
        beginnings = [line for line in lines if not line.startswith("    ")]
        assert len(beginnings) == 4
