"""The command line, as far as nothing has to run for it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from stack import commands, overview, upgrading
from stack.failures import Failure
from stack.overview import Row
from stack.progress import Progress


@pytest.fixture(autouse=True)
def _nothing_was_ever_started(monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "RUN_DIRECTORY", tmp_path / "run")


def test_help_names_every_command(capsys):
    assert commands.main([]) == 0
    shown = capsys.readouterr().out
    for name in [
        "up",
        "down",
        "restart",
        "url",
        "status",
        "logs",
        "shell",
        "test",
        "bench",
        "import",
        "export",
        "admin",
        "backup",
        "restore",
        "partition",
        "cells",
        "demo",
        "help",
    ]:
        assert f"\n    {name} " in shown


OF_A_USER = ["--email", "ann@example.com"]
EXPORT = ["export", "-", *OF_A_USER]
IMPORT = ["import", __file__, *OF_A_USER]
ADMIN = ["admin", "ann@example.com"]
PARTITION = ["partition", "workouts"]
CELLS = ["cells"]
MOVE = ["cells", "move", "17", "b"]


@pytest.mark.parametrize(
    "command", [["url"], ["shell"], ["demo"], IMPORT, EXPORT, ADMIN, PARTITION, CELLS, MOVE]
)
def test_what_needs_a_running_system_says_so_in_one_line(command, capsys):
    assert commands.main(command) == 1
    assert capsys.readouterr().err == "gym: nothing is running; start it with ./gym up\n"


@pytest.mark.slow
@pytest.mark.parametrize("command", [["dead-letters"], ["import-wger"], IMPORT, EXPORT, ADMIN])
def test_a_broker_that_is_named_need_not_have_been_started_here(command, capsys, monkeypatch):
    monkeypatch.setenv("AMQP_URI", "amqp://operator:4f1d@127.0.0.1:1/gym")
    assert commands.main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gym: RabbitMQ does not answer: ")
    assert "4f1d" not in line


@pytest.mark.parametrize("address", ["amqp://a:4f1d@host:port/gym", "http://a:4f1d@127.0.0.1/gym"])
@pytest.mark.parametrize("command", [["import-wger"], IMPORT, EXPORT, ADMIN])
def test_what_is_no_address_of_a_broker_is_told_without_it(command, address, capsys, monkeypatch):
    monkeypatch.setenv("AMQP_URI", address)
    assert commands.main(command) == 1
    told = "gym: AMQP_URI must be as amqp://user:password@host:5672/vhost\n"
    assert capsys.readouterr().err == told


def test_two_shells_begun_at_once_are_each_on_their_own_broker(monkeypatch):
    begun = []
    monkeypatch.setattr(commands, "become", lambda _module, arguments: begun.append(arguments[0]))
    for host in ("one", "other"):
        monkeypatch.setenv("AMQP_URI", f"amqp://operator:4f1d@{host}:5672/gym")
        commands.main(["shell"])
    found = [json.loads(Path(path).read_text())["AMQP_URI"] for path in begun]
    assert found == [f"amqp://operator:4f1d@{host}:5672/gym" for host in ("one", "other")]


def test_traces_are_read_from_where_they_are_kept(capsys, monkeypatch, tmp_path):
    span = {
        "trace": "a" * 32,
        "span": "b" * 16,
        "parent": None,
        "name": "GET /api/workouts",
        "service": "api-gateway",
        "start": 10**18,
        "end": 10**18 + 10**6,
        "failed": False,
        "attributes": {"request_id": "req_1"},
    }
    (tmp_path / "gateway.jsonl").write_text(json.dumps(span, separators=(",", ":")) + "\n")
    monkeypatch.setenv("TRACE_DIRECTORY", str(tmp_path))
    assert commands.main(["trace", "req_1"]) == 0
    assert "GET /api/workouts" in capsys.readouterr().out


def test_up_says_where_the_api_is_described(capsys, monkeypatch):
    system = SimpleNamespace(url="http://127.0.0.1:8085", state=SimpleNamespace(ports={}))
    monkeypatch.setattr(commands, "bring_up", lambda *_: (system, True))
    monkeypatch.setattr(overview, "look", lambda _: [])
    assert commands.main(["up"]) == 0
    assert "http://127.0.0.1:8085/docs\n" in capsys.readouterr().out


def test_status_of_nothing_has_an_exit_code_of_its_own(capsys):
    assert commands.main(["status"]) == 3
    assert commands.main(["status", "--json"]) == 3
    assert capsys.readouterr().out == 'Nothing is running.\n{"running": false}\n'


def test_down_is_content_when_nothing_runs_and_deletes_the_data_if_asked(capsys, tmp_path):
    (tmp_path / "run" / "postgres").mkdir(parents=True)
    (tmp_path / "run" / "test-1").mkdir()
    assert commands.main(["down"]) == 0
    assert (tmp_path / "run" / "postgres").exists()
    assert commands.main(["down", "--data"]) == 0
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["lock", "test-1"]


def test_logs_of_an_unknown_part_name_those_that_there_are(capsys, tmp_path):
    (tmp_path / "run" / "logs").mkdir(parents=True)
    (tmp_path / "run" / "logs" / "users.log").write_text("one\ntwo\nthree\n")
    assert commands.main(["logs", "gatewy"]) == 1
    assert "there are: users" in capsys.readouterr().err
    assert commands.main(["logs", "-n", "2"]) == 0
    assert capsys.readouterr().out == "users | two\nusers | three\n"


def test_an_unknown_command_is_bad_use(capsys):
    with pytest.raises(SystemExit) as stopped:
        commands.main(["fly"])
    assert stopped.value.code == 2


def test_what_an_earlier_version_started_is_not_restarted():
    system = SimpleNamespace(supervisor=SimpleNamespace(knows_parts_one_by_one=lambda: False))
    with pytest.raises(Failure, match=r"earlier version; use \./gym up"):
        upgrading.restart(system, [], Progress())


def test_the_table_is_aligned():
    rows = [
        Row("gateway", "http://127.0.0.1:8085", "ready", "port 8080 was taken"),
        Row("redis", "redis://127.0.0.1:6379", "restarting", restarts=2),
    ]
    assert overview.as_table(rows).splitlines() == [
        "PART     URL                     STATE",
        "gateway  http://127.0.0.1:8085   ready, port 8080 was taken",
        "redis    redis://127.0.0.1:6379  restarting, restarted 2 times",
    ]
