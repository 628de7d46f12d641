"""What the change feed shows for the first time is left to the events until the next look."""

import pytest

from services.analytics.rules.head_start import HeadStart


def changes(*ids):
    return [{"id": each} for each in ids]


@pytest.fixture
def head_start():
    """One that has looked once, at the changes 1 to 3 of a feed of which it takes 4 at a time."""
    made = HeadStart(4)
    made.begin_look()
    assert made.left_to_the_feed(changes(1, 2, 3)) == changes(1, 2, 3)
    return made


def test_a_process_that_has_just_started_waits_for_nothing():
    started = HeadStart(4)
    started.begin_look()
    assert started.left_to_the_feed(changes(7, 8)) == changes(7, 8)


def test_what_is_new_waits_until_the_next_look(head_start):
    head_start.begin_look()
    assert head_start.left_to_the_feed(changes(4, 5)) == []
    head_start.begin_look()
    assert head_start.left_to_the_feed(changes(4, 5, 6)) == changes(4, 5)


def test_what_is_seen_twice_in_one_look_still_waits(head_start):
    head_start.begin_look()
    assert head_start.left_to_the_feed(changes(4)) == []
    assert head_start.left_to_the_feed(changes(4)) == []


def test_as_many_as_are_taken_at_a_time_wait_for_nothing(head_start):
    head_start.begin_look()
    assert head_start.left_to_the_feed(changes(4, 5, 6, 7)) == changes(4, 5, 6, 7)


def test_an_empty_feed_is_no_end_of_what_was_seen(head_start):
    head_start.begin_look()
    assert head_start.left_to_the_feed([]) == []
    head_start.begin_look()
    assert head_start.left_to_the_feed(changes(3)) == changes(3)


def test_what_an_import_made_waits_for_nothing_but_what_is_before_it(head_start):
    head_start.begin_look()
    imported = [{**each, "imported": True} for each in changes(4, 5, 7)]
    assert head_start.left_to_the_feed(imported) == imported
    found = [*imported[:2], *changes(6)]
    assert head_start.left_to_the_feed(found) == found[:2]
    assert head_start.left_to_the_feed([*changes(6), imported[2]]) == []
