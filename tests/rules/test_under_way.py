"""Who waits for numbers that are being counted, and what they get."""

import eventlet
import pytest

from services.analytics import under_way
from services.analytics.under_way import UnderWay

ANN, BOB = 1, 2


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    # of a test: nothing here ends by itself
    monkeypatch.setattr(under_way, "PATIENCE_SECONDS", 10)


@pytest.fixture
def counts():
    return UnderWay()


def begun(work, *arguments):
    """Begin something that will wait."""
    thread = eventlet.spawn(work, *arguments)
    eventlet.sleep(0)
    return thread


def test_records_that_are_waited_for_are_given_before_the_counting_ends(counts):
    asked = []

    def read(user_ids):
        asked.extend(user_ids)
        return {user_id: f"records of {user_id}" for user_id in user_ids}

    with counts.counting([ANN, BOB]) as counting:
        readers = [begun(counts.records, ANN), begun(counts.records, ANN)]
        counting.answer(read)
        assert [reader.wait() for reader in readers] == ["records of 1"] * 2
    assert asked == [ANN]


def test_nothing_is_read_if_nobody_waits(counts):
    with counts.counting([ANN]) as counting:
        counting.answer(lambda _: pytest.fail("read for nobody"))


def test_whoever_comes_during_the_reading_does_not_get_what_may_be_older(counts):
    late = []

    def read(user_ids):
        late.append(begun(counts.records, ANN))
        return dict.fromkeys(user_ids, "records")

    with counts.counting([ANN]) as counting:
        reader = begun(counts.records, ANN)
        counting.answer(read)
        assert reader.wait() == "records"
    assert late[0].wait() is None


def test_a_counting_that_fails_lets_everybody_go_on(counts):
    def fail(_user_ids):
        raise OSError("no database")

    with counts.counting([ANN]) as counting:
        reader, other = begun(counts.records, ANN), begun(counts.wait, ANN)
        with pytest.raises(OSError, match="no database"):
            counting.answer(fail)
        assert reader.wait() is None
    assert other.wait() is None


def test_nobody_waits_for_what_is_not_being_counted(counts):
    assert counts.records(ANN) is None
    with counts.counting([ANN]):
        assert counts.records(BOB) is None
        counts.wait(BOB)
    assert counts.records(ANN) is None


def test_patience_has_an_end(counts, monkeypatch):
    monkeypatch.setattr(under_way, "PATIENCE_SECONDS", 0)
    with counts.counting([ANN]) as counting:
        assert counts.records(ANN) is None
        counts.wait(ANN)
        counting.answer(lambda user_ids: dict.fromkeys(user_ids, "too late"))


def test_a_later_counting_of_the_same_user_is_waited_for(counts):
    with counts.counting([ANN]), counts.counting([ANN]) as later:
        reader = begun(counts.records, ANN)
        later.answer(lambda user_ids: dict.fromkeys(user_ids, "the later ones"))
        assert reader.wait() == "the later ones"
