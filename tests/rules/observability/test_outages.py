"""What the log says of an outage that is noticed in one way or in several."""

import pytest

from services.observability import outages


@pytest.fixture
def lines(monkeypatch):
    lines = []
    logger = type("Log", (), {"warning": lambda _, line, **facts: lines.append((line, facts))})
    monkeypatch.setattr(outages, "log", logger())
    return lines


def test_only_its_begin_and_its_end_are_logged(lines):
    outage = outages.Outage("redis", "going on without it", host="here")
    outage.end()
    outage.begin("refused")
    outage.begin("timed out")
    assert outage.since is not None
    outage.end()
    outage.end()
    assert outage.since is None
    (down, begun), (back, ended) = lines
    assert (down, begun) == (
        "redis is down, going on without it",
        {"reason": "refused", "host": "here"},
    )
    assert back == "redis is back"
    assert ended.keys() == {"since", "after_seconds", "host"}


def test_it_lasts_until_everybody_who_noticed_it_has_seen_its_end(lines):
    outage = outages.Outage("redis", "going on without it")
    outage.begin("full", noticed_by="rate limits")
    outage.end()
    outage.begin("refused")
    outage.end(noticed_by="rate limits")
    assert [line for line, _ in lines] == ["redis is down, going on without it"]
    outage.end()
    assert [line for line, _ in lines][1:] == ["redis is back"]
