"""A dictionary that can't grow without end."""

import pytest

from services.process.bounded_map import BoundedMap


@pytest.fixture
def full():
    full = BoundedMap(3)
    for number in (1, 2, 3):
        full[number] = str(number)
    return full


def test_one_more_displaces_the_oldest(full):
    full[4] = "4"
    assert dict(full) == {2: "2", 3: "3", 4: "4"}


def test_an_entry_that_is_set_again_displaces_none_and_keeps_its_age(full):
    full[1] = "new"
    assert dict(full) == {1: "new", 2: "2", 3: "3"}
    full[4] = "4"
    assert 1 not in full


def test_an_entry_that_was_used_can_be_kept(full):
    full.move_to_end(1)
    full[4] = "4"
    assert set(full) == {1, 3, 4}


def test_what_was_removed_makes_room(full):
    full.pop(1)
    full[4] = "4"
    assert set(full) == {2, 3, 4}


def test_every_way_to_add_is_bounded(full):
    full.setdefault(4, "4")
    full.update({5: "5", 6: "6"})
    assert set(full) == {4, 5, 6}


def test_entries_are_removed_by_key_and_value():
    entries = BoundedMap(4)
    entries.update({1: "a", 2: "b", 3: "a"})
    entries.remove_where(lambda key, value: value == "a" and key > 1)
    assert dict(entries) == {1: "a", 2: "b"}
