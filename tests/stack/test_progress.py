"""Progress on a terminal and in a log, and the output of commands that take their time."""

import io

import pytest

from stack import progress
from stack.failures import Failure
from stack.progress import Meter, Progress
from stack.running import last_lines, run


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_at_once_and_then_every_few_seconds(clock):
    stream = io.StringIO()
    with Progress(stream).step("Working") as step:
        for _ in range(60):
            clock[0] += 0.1
            step.tick("on something")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Working ... 0 s"
    assert lines[-1] == "Working: done (6.0 s)"
    assert 3 <= len(lines) <= 5


def test_a_terminal_gets_one_line_that_is_rewritten(clock):
    stream = Terminal()
    with Progress(stream).step("Working") as step:
        for _ in range(60):
            clock[0] += 0.1
            step.tick("x" * 200)
    assert stream.getvalue().count("\n") == 1
    assert all(len(part) < 90 for part in stream.getvalue().split("\r"))


def test_a_log_gets_lines_of_any_length(clock):
    stream = io.StringIO()
    with Progress(stream).step("Working") as step:
        clock[0] += 10
        step.tick("x" * 200)
    assert stream.getvalue().splitlines()[1] == "Working ... 10 s  " + "x" * 200


def test_a_step_that_fails_says_so(clock):
    stream = io.StringIO()
    with pytest.raises(Failure), Progress(stream).step("Working"):
        raise Failure("no")
    assert "Working: failed" in stream.getvalue()


def test_a_bar_that_is_broken_off_ends_its_line():
    stream = Terminal()
    meter = Meter(stream, title="Sending")
    meter.show(7, 28)
    with pytest.raises(KeyboardInterrupt), meter.ended():
        raise KeyboardInterrupt
    first, last = stream.getvalue().split("\r\033[K")[1:]
    assert first == f"Sending [{'#' * 7}{'.' * 21}] 7/28"
    assert last == "Sending: broken off\n"


def test_a_command_that_fails_shows_its_last_lines(tmp_path):
    log = tmp_path / "logs" / "output.log"
    with pytest.raises(Failure) as failure, Progress().step("Working") as step:
        run(["/bin/sh", "-c", "echo first; echo last >&2; exit 3"], log, step)
    assert str(failure.value).splitlines()[1:] == ["  first", "  last"]


def test_a_command_finds_no_input_and_the_variables_it_is_given(tmp_path):
    log = tmp_path / "output.log"
    with Progress().step("Working") as step:
        run(["/bin/sh", "-c", 'cat; echo "$A"'], log, step, environment={"A": "b"})
    assert last_lines(log) == ["b"]


def test_only_the_last_lines_of_a_long_file_are_read(tmp_path):
    path = tmp_path / "long.log"
    path.write_text("".join(f"line {number}\n\n" for number in range(10_000)))
    assert last_lines(path, count=2) == ["line 9998", "line 9999"]
    assert last_lines(tmp_path / "none") == []
