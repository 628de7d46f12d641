"""docs/adding-a-route.md: what it changes is as it shows it, and the files it names are there."""

import re

from stack.layout import CHECKOUT

PAGE = (CHECKOUT / "docs" / "adding-a-route.md").read_text("utf-8")
FOLDERS = r"gateway|schemas|services|rabbitmq|tests|docs"


def test_every_change_finds_its_place():
    changes = re.findall(r"```diff\n--- a/(\S+)\n(.*?)```", PAGE, re.DOTALL)
    assert len(changes) == 5
    for name, change in changes:
        before = [line[1:] for line in change.splitlines() if line[0] in " -"]
        assert before
        text = (CHECKOUT / name).read_text("utf-8")
        assert "\n".join(before) + "\n" in text, f"{name}: {before}"


def test_every_file_that_it_names_is_there():
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w/.]*)`", PAGE))
    assert len(named) > 10
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def test_the_right_that_it_extends_is_written_so():
    before, _ = re.findall(r"`(exercises\\\\\.\([\w|]+\))`", PAGE)
    assert before in (CHECKOUT / "rabbitmq" / "users.json").read_text("utf-8")
