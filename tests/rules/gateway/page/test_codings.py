"""By which coding a browser gets a file."""

import gzip

import pytest

from gateway.page import codings

TEXT = b"squat, bench press, deadlift; " * 50


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("*", "br"),
        ("br;q=0.5, gzip", "gzip"),
        ("gzip;q=0, *", "br"),
        ("br;q=0, *;q=0.1", "gzip"),
        ("BR", "br"),
        ("identity", None),
        ("gzip;q=0, br;q=0", None),
        ("gzip;q=none", None),
        ("", None),
        (None, None),
    ],
)
def test_a_browser_gets_what_it_wants_most(accepted, expected):
    assert codings.best_of(["br", "gzip"], accepted) == expected


def test_the_best_coding_comes_first():
    brotli = pytest.importorskip("brotli")
    encoded = codings.encode(TEXT)
    assert [*encoded] == sorted(encoded, key=lambda coding: len(encoded[coding]))
    assert brotli.decompress(encoded["br"]) == gzip.decompress(encoded["gzip"]) == TEXT


def test_without_its_library_there_is_no_brotli(monkeypatch):
    monkeypatch.setattr(codings, "brotli", None)
    assert [*codings.encode(TEXT)] == ["gzip"]


def test_what_can_not_be_made_smaller_stays_as_it_is():
    assert codings.encode(gzip.compress(TEXT)) == {}
