"""What ``./gym`` installs, and for whom."""

import importlib.util
import os
import shutil
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from stack import commands
from stack.failures import Failure
from stack.layout import CHECKOUT


@pytest.fixture
def gym(monkeypatch, tmp_path):
    """The script in a checkout where nothing is installed, and the commands that it runs."""
    loader = SourceFileLoader("gym", str(CHECKOUT / "gym"))
    script = importlib.util.module_from_spec(importlib.util.spec_from_loader("gym", loader))
    loader.exec_module(script)
    script.commands = []
    for name in script.PACKAGE_FILES:
        shutil.copy(CHECKOUT / name, tmp_path / name)
    monkeypatch.setattr(script, "CHECKOUT", tmp_path)
    monkeypatch.setattr(script, "run", lambda command, *_, **__: script.commands.append(command))
    monkeypatch.setattr(script, "hand_over", lambda arguments: 0)
    # asks the environment's pip, and no environment is made here
    script.real_names_an_index = script.names_an_index
    monkeypatch.setattr(script, "names_an_index", lambda pip: False)
    return script


def installed(gym):
    """Return what was installed since this was last asked, each by uv, which pip had installed."""
    commands = [command for command in gym.commands if "install" in command]
    assert all("constraints.txt" in command for command in commands)
    gym.commands.clear()
    assert all("pip" in command and command[-1] == "uv" for command in commands[::2])
    assert all(command[0].name == "uv" for command in commands[1::2])
    return [command[-1] for command in commands[1::2]]


def test_up_installs_what_runs_and_test_the_rest_once(gym):
    assert gym.main(["up"]) == 0
    assert installed(gym) == [".[otlp]"]
    assert gym.main(["up"]) == 0
    assert installed(gym) == []
    assert gym.main(["test", "tests/rules"]) == 0
    assert installed(gym) == [".[otlp,dev]"]
    assert gym.main(["test"]) == gym.main(["up"]) == 0
    assert installed(gym) == []


@pytest.mark.parametrize("fails_at", ["pip", "uv"], ids=["uv is not to be had", "uv has no index"])
def test_pip_does_as_well(gym, monkeypatch, fails_at):
    def run(command, *_, **__):
        program = "pip" if command[-1] == "uv" else Path(command[0]).name
        if program == fails_at:
            raise Failure("not to be had")
        gym.commands.append(command)

    monkeypatch.setattr(gym, "run", run)
    assert gym.main(["up"]) == 0
    assert gym.commands[-1][1:3] == ["-m", "pip"]
    assert gym.commands[-1][-1] == ".[otlp]"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, False),
        ({"PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_TIMEOUT": "9"}, False),
        ({"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, True),
        ({"PIP_NO_INDEX": "1"}, True),
        ({"PIP_CONFIG_FILE": "pip.conf"}, True),
    ],
)
def test_an_index_that_pip_is_told_of_is_left_to_pip(
    gym, monkeypatch, tmp_path, settings, expected
):
    """uv knows nothing of pip's settings, and would fetch from where it must not."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/simple\n")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert gym.real_names_an_index([sys.executable, "-m", "pip"]) is expected


def test_each_python_has_an_environment_of_its_own(gym, monkeypatch, capsys):
    assert gym.main(["up"]) == 0
    first = (gym.CHECKOUT / ".venv").resolve()
    with monkeypatch.context() as another:
        another.setattr(gym.sys, "base_prefix", "/opt/another-python")
        assert gym.main(["up"]) == 0
        assert installed(gym) == [".[otlp]", ".[otlp]"]
        assert (gym.CHECKOUT / ".venv").resolve() != first
        capsys.readouterr()
        assert gym.main(["up"]) == 0
        assert " of /opt/another-python, in .venvs/3." in capsys.readouterr().err
    assert gym.main(["up"]) == 0
    assert installed(gym) == []
    assert (gym.CHECKOUT / ".venv").resolve() == first


def test_a_copy_has_an_environment_of_its_own(gym, monkeypatch, tmp_path_factory):
    gym.main(["up"])
    installed(gym)
    copy = tmp_path_factory.mktemp("place") / "copy"
    shutil.copytree(gym.CHECKOUT, copy, symlinks=True)
    monkeypatch.setattr(gym, "CHECKOUT", copy)
    assert gym.main(["up"]) == 0
    assert installed(gym) == [".[otlp]"]
    assert (copy / ".venv").resolve().is_relative_to(copy)


@pytest.mark.parametrize("name", ["setup.cfg", "constraints.txt", "pyproject.toml"])
def test_what_an_older_version_installed_is_brought_up_to_date(gym, name):
    gym.main(["test"])
    installed(gym)
    with (gym.CHECKOUT / name).open("a") as file:
        file.write("\n# another version\n")
    assert gym.main(["up"]) == 0
    assert installed(gym) == [".[otlp]"]
    assert gym.main(["test"]) == 0
    assert installed(gym) == [".[otlp,dev]"]


def test_tools_that_were_broken_off_are_installed_again(gym, monkeypatch):
    gym.main(["up"])
    installed(gym)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as breaking:
        breaking.setattr(gym, "run", interrupted)
        assert gym.main(["test"]) == 130
    assert gym.main(["test"]) == 0
    assert installed(gym) == [".[otlp,dev]"]


def test_what_runs_is_stopped_without_an_environment_of_the_pythons_of_now(
    gym, monkeypatch, tmp_path
):
    monkeypatch.setattr(commands, "RUN_DIRECTORY", tmp_path / ".run")
    monkeypatch.setattr(gym, "runs", lambda: True)
    for command in ("down", "logs"):
        gym.main([command])
    assert installed(gym) == []
