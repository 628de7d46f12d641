"""The circuit breaker in front of a service."""

import threading
import time

import pytest

from gateway.upstream.breaker import Breaker
from schemas.errors import NotFound, ServiceUnavailable, TimedOut

US = "workout-service"
PAUSE = 0.05


class Calls:
    """Makes calls through a breaker, and counts those that got through."""

    def __init__(self):
        self.breaker = Breaker(US, failures=3, seconds=PAUSE)
        self.through = 0

    def call(self, outcome):
        def attempt():
            self.through += 1
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome() if callable(outcome) else outcome

        return self.breaker.call(attempt)

    def fail(self, times=1, outcome=None):
        for _ in range(times):
            with pytest.raises((ServiceUnavailable, TimedOut)):
                self.call(outcome or ServiceUnavailable.of(US, 5))

    def open(self):
        self.fail(3)
        assert self.breaker.state == "open"

    def open_and_wait(self):
        self.open()
        time.sleep(PAUSE * 1.2)
        assert self.breaker.state == "half_open"


@pytest.fixture
def calls():
    return Calls()


@pytest.mark.parametrize("error", [ServiceUnavailable.of(US, 5), TimedOut.of(US, 8)])
def test_failures_in_a_row_open_it(calls, error):
    calls.fail(2, error)
    assert calls.breaker.state == "closed"
    calls.fail(1, error)
    assert calls.breaker.state == "open"


def test_an_open_one_answers_by_itself(calls):
    calls.open()
    with pytest.raises(ServiceUnavailable) as refusal:
        calls.call("an answer")
    assert refusal.value.details == {"service": US, "retry_after": 1}
    assert calls.through == 3


def test_a_success_in_between_starts_the_count_anew(calls):
    calls.fail(2)
    calls.call("an answer")
    calls.fail(2)
    assert calls.breaker.state == "closed"


@pytest.mark.parametrize(
    "refusal",
    [
        NotFound("No"),
        ServiceUnavailable.of("exercise-service", 5),
        TimedOut.of("exercise-service", 5),
        ValueError("a bug"),
    ],
)
def test_whatever_the_service_says_itself_is_a_success(calls, refusal):
    calls.fail(2)
    with pytest.raises(type(refusal)):
        calls.call(refusal)
    calls.fail(2)
    assert calls.breaker.state == "closed"


def test_after_the_pause_one_call_decides(calls):
    calls.open_and_wait()
    assert calls.call("an answer") == "an answer"
    assert calls.breaker.state == "closed"


def test_a_probe_that_gets_an_error_of_the_service_closes_it(calls, monkeypatch):
    """The error is a reply, so the service is back; that is logged, too."""
    lines = []
    logger = type("Log", (), {"warning": lambda _, line, **facts: lines.append(line)})
    monkeypatch.setattr("services.observability.outages.log", logger())
    calls.open_and_wait()
    with pytest.raises(NotFound):
        calls.call(NotFound("No"))
    assert calls.breaker.state == "closed"
    assert calls.breaker.describe() == {"state": "closed"}
    assert lines[1:] == ["service is back"]


def test_a_probe_that_fails_opens_it_again(calls):
    calls.open_and_wait()
    calls.fail()
    assert calls.breaker.state == "open"


def test_only_one_call_is_the_probe(calls):
    calls.open_and_wait()
    refusals = []

    def while_the_probe_is_under_way():
        with pytest.raises(ServiceUnavailable) as refusal:
            calls.call("too early")
        refusals.append(refusal.value)
        return "the probe's answer"

    assert calls.call(while_the_probe_is_under_way) == "the probe's answer"
    assert len(refusals) == 1
    assert calls.call("an answer") == "an answer"


def test_a_probe_that_is_killed_leaves_its_place(calls):
    calls.open_and_wait()
    with pytest.raises(KeyboardInterrupt):
        calls.call(KeyboardInterrupt())
    assert calls.call("an answer") == "an answer"


def test_late_failures_do_not_lengthen_the_pause(calls):
    """What began before it opened says nothing about what is now."""
    begun, go_on = threading.Barrier(2), threading.Event()

    def slow():
        begun.wait(5)
        go_on.wait(5)
        raise TimedOut.of(US, 8)

    late = threading.Thread(target=calls.fail, args=(1, slow), daemon=True)
    late.start()
    begun.wait(5)
    calls.open_and_wait()
    go_on.set()
    late.join(5)
    assert calls.breaker.state == "half_open"


def test_a_late_failure_lets_no_second_probe_through(calls):
    begun, go_on = threading.Barrier(2), threading.Event()

    def slow():
        begun.wait(5)
        go_on.wait(5)
        raise TimedOut.of(US, 8)

    late = threading.Thread(target=calls.fail, args=(1, slow), daemon=True)
    late.start()
    begun.wait(5)
    calls.open_and_wait()

    def probe():
        go_on.set()
        late.join(5)
        with pytest.raises(ServiceUnavailable):
            calls.call("too early")
        return "the probe's answer"

    assert calls.call(probe) == "the probe's answer"


def test_it_tells_since_when(calls):
    assert calls.breaker.describe() == {"state": "closed"}
    calls.open()
    told = calls.breaker.describe()
    assert told["state"] == "open"
    assert told["since"].endswith("+00:00")


def test_changes_are_logged_once(calls, monkeypatch):
    lines = []
    logger = type("Log", (), {"warning": lambda _, line, **facts: lines.append((line, facts))})
    monkeypatch.setattr("services.observability.outages.log", logger())
    calls.open_and_wait()
    calls.fail()
    time.sleep(PAUSE * 1.2)
    calls.call("an answer")
    calls.call("an answer")
    down, back = lines
    assert down[0] == f"service is down, one request every {PAUSE} s tries it"
    assert down[1]["callee"] == US
    assert back[0] == "service is back"
    assert back[1]["after_seconds"] >= PAUSE
