"""What ``./gym`` installs, and for whom."""

import importlib.util
from importlib.machinery import SourceFileLoader

import pytest

from stack.layout import CHECKOUT


@pytest.fixture
def gym(monkeypatch, tmp_path):
    """The script, with an empty place for its packages, and the commands that it runs."""
    loader = SourceFileLoader("gym", str(CHECKOUT / "gym"))
    script = importlib.util.module_from_spec(importlib.util.spec_from_loader("gym", loader))
    loader.exec_module(script)
    script.commands = []
    (tmp_path / "bin").mkdir()
    for name in ("PLACE_STAMP", "STAMP", "TESTS_STAMP"):
        monkeypatch.setattr(script, name, tmp_path / name)
    monkeypatch.setattr(script, "PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setattr(script, "VENV", tmp_path)
    monkeypatch.setattr(script, "run", lambda command, *_, **__: script.commands.append(command))
    monkeypatch.setattr(script, "hand_over", lambda arguments: 0)
    return script


def installed(gym):
    """Return what was installed since this was last asked."""
    names = [command[-1] for command in gym.commands if "pip" in command]
    assert all("constraints.txt" in command for command in gym.commands if "pip" in command)
    gym.commands.clear()
    return names


def test_up_installs_what_runs_and_test_the_rest_once(gym):
    assert gym.main(["up"]) == 0
    assert installed(gym) == [".[otlp]"]
    gym.PYTHON.touch()
    assert gym.main(["up"]) == 0
    assert installed(gym) == []
    assert gym.main(["test", "tests/rules"]) == 0
    assert installed(gym) == [".[otlp,dev]"]
    assert gym.main(["test"]) == gym.main(["up"]) == 0
    assert installed(gym) == []


@pytest.mark.parametrize("change", ["STAMP", "TESTS_STAMP"])
def test_what_an_older_version_installed_is_brought_up_to_date(gym, change):
    gym.main(["test"])
    gym.PYTHON.touch()
    installed(gym)
    getattr(gym, change).write_text("of an older version")
    assert gym.main(["test"]) == 0
    assert installed(gym)[-1] == (".[otlp]" if change == "STAMP" else ".[otlp,dev]")
