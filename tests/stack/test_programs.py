"""The supervisor's file and the scripts, whatever the checkout's path holds."""

import configparser
import subprocess

import pytest

from stack.programs import (
    NODES_STAGE,
    SERVERS_STAGE,
    SERVICES_STAGE,
    Program,
    render,
    write_files,
)
from stack.state import State, make_secrets

ODD_NAMES = ["plain", "with space", "100% %(here)s", "semi;colon #hash", 'it\'s "quoted" $HOME']


@pytest.fixture(params=ODD_NAMES)
def state(request, tmp_path):
    return State(tmp_path / request.param, {"supervisor": 9001}, make_secrets(), {}, {})


def test_a_script_runs_its_command_where_it_should_with_its_variables(state):
    directory = state.directory / "place"
    directory.mkdir(parents=True)
    value = "two words; 'quotes' \"more\" $HOME %s\nand a line"
    command = ("/bin/sh", "-c", 'pwd; printf %s "$GREETING $1"', "name", "an argument")
    program = Program("part", command, directory, environment={"GREETING": value})
    write_files(state, [program])
    output = subprocess.check_output(["/bin/sh", "programs/part"], cwd=state.directory, text=True)
    assert output == f"{directory}\n{value} an argument"


def test_the_supervisors_file_names_no_path_of_the_machine(state):
    program = Program("part", ("/bin/true",), state.directory)
    text = render(state, [program])
    assert str(state.directory.parent) not in text
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    assert parsed["program:part"]["command"] == "/bin/sh programs/part"


def test_services_stop_before_servers_and_these_before_what_finds_nodes(tmp_path):
    state = State(tmp_path, {"supervisor": 9001}, make_secrets(), {}, {})
    stages = {"users": SERVICES_STAGE, "epmd": NODES_STAGE, "redis": SERVERS_STAGE}
    programs = [
        Program(name, ("/bin/true",), tmp_path, stage=stage) for name, stage in stages.items()
    ]
    parsed = configparser.RawConfigParser()
    parsed.read_string(render(state, programs))
    priorities = {
        section.removeprefix("program:"): int(parsed[section]["priority"])
        for section in parsed.sections()
        if section.startswith("program:")
    }
    # the supervisor stops the highest first
    assert sorted(priorities, key=priorities.get) == ["epmd", "redis", "users"]


def test_what_holds_passwords_is_for_the_owner_alone(tmp_path):
    state = State(tmp_path, {"supervisor": 9001}, make_secrets(), {}, {})
    write_files(state, [Program("part", ("/bin/true",), tmp_path)])
    state.save()
    for path in ("programs/part", "supervisord.conf", "state.json"):
        assert (tmp_path / path).stat().st_mode & 0o077 == 0
