"""docs/images/architecture.svg: the picture is the code's, and the house keeps its rules."""

import importlib.util
import re

import pytest

from stack.layout import CHECKOUT

SCRIPT = CHECKOUT / "docs" / "images" / "architecture.py"


@pytest.fixture(scope="module")
def architecture():
    described = importlib.util.spec_from_file_location("architecture", SCRIPT)
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rooms(architecture):
    return architecture.rooms()


def test_the_picture_shows_the_code(architecture, rooms):
    drawn = architecture.PICTURE.read_text("utf-8")
    assert drawn == architecture.draw(rooms), f"run {SCRIPT.relative_to(CHECKOUT)}"


def test_no_arrow_runs_up(architecture, rooms):
    assert architecture.upward(rooms) == []


def test_no_room_holds_more_than_a_fifth_of_the_lines(architecture, rooms):
    name, share = architecture.share_of_largest(rooms)
    assert share <= 0.2, name


def test_every_file_that_the_page_names_is_there():
    page = (CHECKOUT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?:gateway|schemas|services|rabbitmq|tests|docs)/[\w/.]+)`", page))
    assert len(named) > 30
    # NAME and NNNN stand for any service and any number
    concrete = [name for name in named if not re.search(r"NAME|NNNN", name)]
    assert [name for name in concrete if not (CHECKOUT / name).exists()] == []
