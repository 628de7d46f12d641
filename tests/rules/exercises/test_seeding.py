"""When others are told that the catalogue has changed, at the start of the exercises service."""

import pytest

from services.exercises import seeding


@pytest.mark.parametrize(("indexed", "expected"), [(0, ["changed"]), (5, ["changed"] * 2)])
def test_others_are_told_again_if_exercises_are_found_by_other_words(
    monkeypatch, indexed, expected
):
    told = []
    monkeypatch.setattr(seeding, "sibling", lambda _container, _kind: None)
    monkeypatch.setattr(seeding, "seed", lambda *_: None)
    monkeypatch.setattr(seeding, "dispatch_catalogue_changed", lambda _: told.append("changed"))

    def index(*_):
        assert told == ["changed"]
        return indexed

    monkeypatch.setattr(seeding, "index", index)
    provider = seeding.SeededCatalogue()
    provider.container = None
    provider._seed()
    assert told == expected
    provider.ping()
