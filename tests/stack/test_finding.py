"""Finding the servers' programs, and naming the packages of those that are missing."""

from pathlib import Path

import pytest

from stack import faketime, packages
from stack.failures import Failure
from stack.find import Programs, rabbitmq_version
from stack.layout import SERVERS
from stack.progress import Progress
from stack.servers import missing_packages

HERE = Path("/somewhere")


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        (Programs(HERE, HERE, HERE, HERE), []),
        (Programs(None, HERE, HERE, HERE), ["postgresql"]),
        (Programs(HERE, None, HERE, HERE), ["redis-server"]),
        (Programs(HERE, HERE, None, HERE), ["rabbitmq-server"]),
        (Programs(HERE, HERE, HERE, None), ["rabbitmq-server"]),
        (
            Programs(None, None, None, None),
            ["postgresql", "redis-server", "rabbitmq-server"],
        ),
    ],
)
def test_each_missing_server_has_a_package(found, missing):
    assert missing_packages(found, list(SERVERS)) == missing


def test_a_server_that_is_not_started_is_not_missed():
    nothing = Programs(None, None, None, None)
    assert missing_packages(nothing, ["redis"]) == ["redis-server"]
    assert missing_packages(nothing, ["redis", "redis-counters"]) == ["redis-server"]


def test_rabbitmqs_version_stands_in_the_name_of_its_plugin(tmp_path):
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin" / "rabbitmq-server").touch()
    (tmp_path / "plugins" / "rabbit-3.10.8").mkdir(parents=True)
    (tmp_path / "plugins" / "rabbit_common-4.0.0").mkdir()
    assert rabbitmq_version(tmp_path / "sbin") == (3, 10)
    assert rabbitmq_version(tmp_path) == ()


def test_without_the_right_to_install_the_command_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(packages, "become_root", lambda: None)
    monkeypatch.setattr(packages.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(Failure) as failure:
        packages.install(["redis-server"], tmp_path / "log", Progress(), "or use something else")
    install = "apt-get install --yes --no-install-recommends redis-server"
    assert str(failure.value).splitlines() == [
        "missing: redis-server; only an administrator can install that:",
        f"  sudo sh -c 'apt-get update && {install}'",
        "or use something else",
    ]


def test_without_rights_the_tests_of_wrong_clocks_are_left_out(monkeypatch, tmp_path, capsys):
    def refuse(*_given):
        raise Failure("missing: libfaketime")

    monkeypatch.setattr(faketime, "PLACES", (f"{tmp_path}/*.so",))
    monkeypatch.setattr(packages, "install", refuse)
    faketime.find_or_install(tmp_path / "log", Progress())
    assert capsys.readouterr().err == "gym: missing: libfaketime\n"
    (tmp_path / "found.so").touch()
    assert faketime.find() == tmp_path / "found.so"
    faketime.find_or_install(tmp_path / "log", Progress())
    assert not capsys.readouterr().err
