"""The list of what may be in which Redis, and the page that shows it."""

import re
from pathlib import Path

import pytest

from services.dependencies.redis_keys import CACHE, COUNTERS, FAMILIES, family_of

PAGE = (Path(__file__).parents[3] / "docs" / "data-model.md").read_text()


def shown(seconds):
    if seconds is None:
        return "the limit's window"
    for unit, name in ((24 * 3600, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= unit:
            return f"{seconds // unit} {name}{'s' if seconds // unit > 1 else ''}"
    raise AssertionError(seconds)


def test_the_page_shows_the_list():
    table = PAGE.partition("## Redis\n")[2]
    rows = re.findall(r"^\| `(.+)` \| `(.+)` \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert rows == [(f.key, f.store, shown(f.seconds), f.bound) for f in FAMILIES]


@pytest.mark.parametrize(
    ("key", "store", "family"),
    [
        ("exercise:id:7", CACHE, "exercise:id:{number}"),
        ("exercise:id:x", CACHE, None),
        ("exercise:id:7", COUNTERS, None),
        ("exercise:search:bench press", CACHE, None),
        (f"user:token:revoked:{'a' * 32}", COUNTERS, "user:token:revoked:{word}"),
        (f"user:token:revoked:{'a' * 32}", CACHE, None),
        ("gateway:limit:api/user-7/1200/1/minute", COUNTERS, "gateway:limit:{rest}"),
        ("gateway:limit:api/user-7/1200/1/minute", CACHE, None),
        ("foreign", CACHE, None),
    ],
)
def test_a_key_is_of_one_family_in_one_store(key, store, family):
    found = family_of(key, store)
    assert (found and found.key) == family
