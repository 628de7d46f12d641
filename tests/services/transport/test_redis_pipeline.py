"""The link to Redis: order, bounds, and what it makes of every kind of fault."""

import socket
import time

import eventlet
import pytest
from eventlet.event import Event

from services.process import budgets
from services.transport.redis.pipeline import RedisFailure, RedisLink
from tests.fakes.redis_servers import FalseRedis

SLACK = 0.5
PONG = b"+PONG\r\n"


@pytest.fixture
def link(redis):
    link = RedisLink("127.0.0.1", redis.port)
    yield link
    link.close()


@pytest.fixture
def false():
    """Make a false server and a link to it."""
    made = []

    def make(answer):
        server = FalseRedis(answer)
        link = RedisLink("127.0.0.1", server.port)
        made.extend((link, server))
        return server, link

    yield make
    for each in made:
        each.close()


class Taken(list):
    """All that was given for one command, which has to be one thing."""

    def __init__(self):
        self.came = Event()

    def __call__(self, answer):
        self.append(answer)
        if len(self) == 1:
            self.came.send()

    def wait(self):
        with eventlet.Timeout(5, AssertionError("neither an answer nor a failure")):
            self.came.wait()
        eventlet.sleep(0)
        (answer,) = self
        return answer


def send(link, *command):
    taken = Taken()
    link.send(command, taken)
    return taken


def ask(link, *command):
    return send(link, *command).wait()


def failure(answer):
    assert isinstance(answer, RedisFailure), answer
    return str(answer)


def test_answers(link):
    assert ask(link, "SET", "a", "ä", "EX", 60) == "OK"
    assert ask(link, "GET", "a") == "ä"
    assert ask(link, "MGET", "a", "nothing") == ["ä", None]
    assert ask(link, "GET", "nothing") is None


def test_many_greenthreads_each_get_their_own_answers(link):
    def work(number):
        for turn in range(50):
            value = f"{number}:{turn}"
            written = send(link, "SET", f"own:{number}", value)
            assert ask(link, "GET", f"own:{number}") == value
            assert written == ["OK"]
        return number

    pool = eventlet.GreenPool(100)
    assert list(pool.imap(work, range(100))) == list(range(100))
    assert len(link._waiting) == 0


def test_what_is_asked_in_one_turn_leaves_together(false):
    server, link = false(lambda data: PONG * data.count(b"PING"))
    ask(link, "PING")
    before = len(server.chunks)
    for taken in [send(link, "PING") for _ in range(20)]:
        assert taken.wait() == "PONG"
    assert len(server.chunks) == before + 1
    assert server.connections == 1


def test_what_is_in_no_hurry_leaves_with_the_next_command_or_soon_by_itself(false):
    server, link = false(lambda data: PONG * data.count(b"PING"))
    assert ask(link, "PING") == "PONG"
    before = len(server.chunks)
    lazy = Taken()
    link.send(("PING",), lazy, in_no_hurry=True)
    eventlet.sleep(0)
    assert len(server.chunks) == before
    assert ask(link, "PING") == "PONG"
    assert lazy == ["PONG"]
    assert server.chunks[before].count(b"PING") == 2

    lonely = Taken()
    link.send(("PING",), lonely, in_no_hurry=True)
    assert lonely.wait() == "PONG"


def test_flushed_commands_leave_before_the_caller_goes_on(link, redis):
    ask(link, "PING")
    send(link, "SET", "flushed", "yes")
    link.flush()
    assert redis.client.get("flushed") == "yes"


def test_the_run_of_the_server_is_known_before_the_first_answer(link, redis):
    taken = []
    done = Event()
    link.send(("PING",), lambda answer: (taken.append(link.run), done.send()))
    done.wait()
    assert taken == [redis.client.info("server")["run_id"]]


def test_a_restarted_server_is_another_run(link, redis):
    ask(link, "PING")
    first = link.run
    redis.restart()
    eventlet.sleep(0.01)
    assert ask(link, "PING") == "PONG"
    assert link.run not in (None, first)


def test_an_error_is_the_failure_of_its_own_command(link):
    ask(link, "SET", "text", "a")
    same = ask(link, "CLIENT", "ID")
    wrong, right = send(link, "INCR", "text"), send(link, "CLIENT", "ID")
    assert "not an integer" in failure(wrong.wait())
    assert right.wait() == same


@pytest.mark.parametrize("error", ["LOADING soon", "READONLY replica", "MASTERDOWN gone"])
def test_a_server_that_cant_serve_is_left(false, error):
    server, link = false(lambda data: f"-{error}\r\n".encode() + PONG)
    first, second = send(link, "PING"), send(link, "PING")
    assert failure(first.wait()) == error
    assert failure(second.wait()) == error
    assert not link.is_open
    server.answer = lambda data: PONG
    assert ask(link, "PING") == "PONG"
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"$100\r\nhalf an ans",
        b"",
        b"no answer at all\r\n",
        b"$-5\r\n",
        b"*2\r\n+one\r\n",
        b"\x00" * 100,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_every_strange_answer_ends_in_a_failure(false, answer):
    server, link = false(lambda data: answer)
    begun = time.monotonic()
    waiting = [send(link, "PING") for _ in range(5)]
    for taken in waiting:
        failure(taken.wait())
    assert time.monotonic() - begun < budgets.REDIS_SECONDS + SLACK
    server.answer = lambda data: PONG
    assert ask(link, "PING") == "PONG"
    assert server.connections == 2


def test_a_connection_cut_in_an_answer_fails_those_behind_it_only(false):
    turn = iter([PONG + b"$100\r\nhalf", None])
    _, link = false(lambda data: next(turn))
    first, second, third = (send(link, "PING") for _ in range(3))
    assert first.wait() == "PONG"
    failure(second.wait())
    failure(third.wait())


def test_answers_nobody_asked_for_end_the_connection(false):
    _, link = false(lambda data: PONG * 2)
    assert ask(link, "PING") == "PONG"
    eventlet.sleep(0.05)
    assert not link.is_open


def test_a_trickle_is_no_answer(false):
    def trickle(data):
        time.sleep(0.2)
        return b"$"

    _, link = false(trickle)
    begun = time.monotonic()
    taken = send(link, "PING")
    eventlet.sleep(0.1)
    send(link, "PING")
    failure(taken.wait())
    assert time.monotonic() - begun < budgets.REDIS_SECONDS + SLACK


def test_a_frozen_server_is_waited_for_no_longer_than_it_may_take(link, redis):
    ask(link, "PING")
    redis.freeze()
    try:
        for _ in range(2):
            begun = time.monotonic()
            waiting = [send(link, "PING") for _ in range(100)]
            for taken in waiting:
                failure(taken.wait())
            assert time.monotonic() - begun < budgets.REDIS_SECONDS + SLACK
    finally:
        redis.thaw()
    assert ask(link, "PING") == "PONG"


def test_an_answer_that_a_busy_process_has_not_looked_at_is_not_late(link):
    ask(link, "PING")
    taken = send(link, "PING")
    eventlet.sleep(0)
    link.flush()
    time.sleep(budgets.REDIS_SECONDS * 1.5)
    assert taken.wait() == "PONG"
    taken = send(link, "PING")
    time.sleep(budgets.REDIS_SECONDS * 1.5)
    assert taken.wait() == "PONG"


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    link = RedisLink("127.0.0.1", port)
    assert "REFUSED" in failure(ask(link, "PING"))
    assert "REFUSED" in failure(ask(link, "PING"))


def test_a_server_that_accepts_nobody_stops_nobody():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(place)
        link = RedisLink(*place)
        begun = time.monotonic()
        taken = send(link, "PING")
        turns = 0
        while not taken:
            eventlet.sleep(0.01)
            turns += 1
        failure(taken.wait())
        assert time.monotonic() - begun < budgets.REDIS_SECONDS + SLACK
        assert turns > 5
        for each in crowd:
            each.close()


def test_an_idle_connection_that_was_lost_is_made_again(link, redis):
    ask(link, "PING")
    redis.cut()
    eventlet.sleep(0.05)
    assert not link.is_open
    assert ask(link, "PING") == "PONG"


def test_one_command_too_many_fails_at_once(link, monkeypatch):
    monkeypatch.setattr(budgets, "REDIS_MOST_WAITING", 10)
    waiting = [send(link, "PING") for _ in range(10)]
    refused = send(link, "PING")
    assert "too many" in failure(refused[0])
    assert {taken.wait() for taken in waiting} == {"PONG"}
    assert ask(link, "PING") == "PONG"
    assert len(refused) == 1


def test_who_can_not_take_an_answer_harms_nobody(link):
    def stumble(answer):
        raise ValueError(answer)

    link.send(("PING",), stumble)
    assert ask(link, "PING") == "PONG"
    assert ask(link, "PING") == "PONG"


def test_more_than_the_socket_takes_leaves_piece_by_piece(link):
    ask(link, "PING")
    text = "0123456789" * 1_000_000
    written, read = send(link, "SET", "large", text), send(link, "GET", "large")
    small = send(link, "PING")
    assert written.wait() == "OK"
    assert read.wait() == text
    assert small.wait() == "PONG"
    assert link._socket._writer is None


def test_closing_ends_every_wait(link, redis):
    ask(link, "PING")
    taken = send(link, "PING")
    link.close()
    assert failure(taken.wait()) == "closed"
    connecting = send(link, "PING")
    link.flush()
    link.close()
    assert failure(connecting.wait()) == "closed"
