"""``gym bench``: what it understands, what it notices, what it prints."""

import pytest

from benchmarks import beside, quick
from benchmarks.crowd import gather
from benchmarks.load import Outcome
from benchmarks.scenarios import SCENARIOS, Scenario, request
from benchmarks.usage import PARTS, Usage
from stack.layout import SERVICES


@pytest.fixture(scope="module")
def crowd(system):
    return gather(system.url, lifters=1)


@pytest.fixture(scope="module")
def usage(system):
    return Usage(system)


def test_options():
    options = quick.make_parser().parse_args(["mix", "log", "--seconds", "0.5"])
    assert (options.scenarios, options.seconds) == (["mix", "log"], 0.5)


def test_an_unknown_scenario_is_bad_use_and_starts_nothing(capsys):
    with pytest.raises(SystemExit) as stopped:
        quick.main(["mix", "sprint"])
    assert stopped.value.code == 2
    assert "no such scenario: sprint" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_answer_of_every_scenario_is_right(name, crowd, usage):
    line = quick.measure(SCENARIOS[name], crowd, usage, 0.2)
    assert (line.outcome.errors, line.outcome.first_error) == (0, "")
    assert line.outcome.answers >= SCENARIOS[name].connections
    assert 0 < line.outcome.p50 <= line.outcome.p99


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"wanted": ['"id":2,']}, "this is not what was asked for"),
        ({"status": 201}, "HTTP/1.1 201 was expected"),
        ({"after": "/\r\n\r\n"}, "the request's id was not kept"),
    ],
)
def test_a_wrong_answer_is_an_error(changed, fault, crowd):
    asked = request("GET", "/api/exercises/1", wanted=('"id":1,',)) | changed
    outcome = quick.send(Scenario("", None, connections=2), [asked], crowd.url, 0.1)
    assert outcome.errors == outcome.answers > 0
    assert outcome.first_error.startswith(fault)


def test_a_server_that_hangs_up_is_an_error(crowd):
    bad = request("GET", "/api/exercises/1") | {"after": "\r\nno header\r\n\r\n", "status": 400}
    outcome = quick.send(Scenario("", None, connections=1), [bad], crowd.url, 0.1)
    assert outcome.errors


def test_what_all_processes_use_is_known(usage):
    assert usage.cpu_seconds().keys() == PARTS.keys()
    assert all(usage.cpu_seconds().values())
    memory = usage.memory_mib()
    assert memory.keys() == {*SERVICES, "fork-server"}
    assert min(memory.values()) > 5


def test_the_table_is_aligned():
    cpu = dict.fromkeys(PARTS, 0.25)
    read = quick.Line(SCENARIOS["exercise"], Outcome(9000, 0, "", 2, 1.04, 12.5), cpu)
    seen = quick.Line(SCENARIOS["visible"], Outcome(50, 1, "late", 2, 6, 20), cpu)
    head, *rows = [text.split() for text in quick.as_table([read, seen]).splitlines()]
    assert head[:3] == ["scenario", "conn.", "req/s"]
    assert rows[0] == ["one", "exercise", "16", "4500", "1.0", "12.5", "1.25", *5 * ["0.250"], "0"]
    assert rows[1] == ["logged", "→", "record", "visible", "1", "6.0", "20.0", "1"]
    assert len(set(map(len, quick.as_table([read, seen]).splitlines()))) == 1


def test_an_error_is_shown_and_changes_the_exit_code(capsys):
    line = quick.Line(SCENARIOS["log"], Outcome(errors=1, first_error="it was late"), {})
    assert quick.report_errors([line]) == 1
    assert "5 × 4 sets: it was late" in capsys.readouterr().err


def test_memory_is_summed_up():
    shown = quick.as_memory({"gateway": 50.2, "users": 39.8})
    assert shown == "Memory (PSS) of our own processes: 90 MiB (gateway 50, users 40)."


def test_two_versions_are_compared_within_each_round():
    def measured(milliseconds):
        outcome = Outcome(answers=100, seconds=milliseconds / 10, p50=milliseconds, p99=20)
        return beside.Measured(outcome, dict.fromkeys(PARTS, milliseconds))

    # a machine that is slow in the second round changes no ratio
    rounds = [(measured(1), measured(2)), (measured(10), measured(20)), (measured(2), measured(2))]
    head, *rows = [text.split() for text in beside.as_table("log", rounds).splitlines()]
    assert head[-5:] == ["other", "this", "ratio", "least", "most"]
    figures = {" ".join(row[:-5]): row[-5:] for row in rows}
    assert figures["p50 ms"] == ["2.000", "2.000", "2.00", "1.00", "2.00"]


def test_memory_is_compared_by_process():
    shown = beside.as_memory({"users": 40}, {"users": 50, "gateway": 60}).splitlines()
    assert [line.split()[-2:] for line in shown[1:]] == [["40", "50"], ["0", "60"], ["40", "110"]]
