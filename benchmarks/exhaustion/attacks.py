"""The attacks, each at the rate at which it was found to harm others.

Every function makes an attack ready and returns what carries it out. Its docstring says what it is
and what it did when it was found.
"""

import json
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from redis import Redis

from benchmarks.exhaustion import messages
from benchmarks.exhaustion.messages import EXERCISE, MARKER, get, post
from benchmarks.exhaustion.second import PASSWORD, Line
from benchmarks.exhaustion.stage import Attack, Attacker, Target
from services.process import budgets
from stack.environment import make_environment
from stack.failures import Failure
from stack.layout import SERVICES

Carry = Callable[[], Any]

WORKOUTS, LOGIN, EXERCISES = "/api/workouts", "/api/users/login", "/api/exercises"
NOBODY, ACCOUNT, BROKER = "nothing", "an account", "a service's password for the broker"

MARKS_A_SECOND, MARKS = 17, 136
MARKS_AT_ONCE = 110
LOGINS_AT_ONCE = 6
NUMBERS = ({"__type__": "decimal", "__value__": "30"}, {"__type__": "decimal", "__value__": "NaN"})
KEYS = 130_500
FAULTY_BODY, FAULTY_BODIES = 877_000, 8
LISTS, LISTS_A_SECOND, LISTS_MORE = 1100, 40, 200
GUESSES = 12
ABSENT, ABSENT_A_SECOND, ABSENT_FROM = 300, 50, 5_000_000_000
LINKS, LINKS_A_SECOND, LINK_ADDRESSES = 1000, 60, 4
CONNECTIONS, NEW_CONNECTIONS = 2050, 100
HELD_SECONDS = 10
NEW_EVERY_SECONDS = 0.08
POISON_TIMES = 4
OF_ONE_USER, OF_ONE_USER_TOGETHER, OF_ONE_USER_A_SECOND, ABOVE_LIMIT = 30, 10, 250, 1500
HEAVY, HEAVY_A_SECOND = 200, 20
SLOW_CONNECTIONS, UNREAD = 400, 3
MANY_ADDRESSES = 100


def marked_workouts(target: Target) -> Carry:
    """A workout whose date kombu takes for a type of its own, 17 times a second.

    163 of 213 of others' workouts were answered 503.
    """
    address = target.address()
    token = target.newcomer(address).token
    body = post(WORKOUTS, {"date": MARKER}, token)
    return _answers(target.asking([body], MARKS, MARKS_A_SECOND, addresses=[address]))


def marked_at_once(target: Target) -> Carry:
    """The same, 110 at once.

    All workers of the gateway were held for 8 seconds.
    """
    address = target.address()
    token = target.newcomer(address).token
    body = post(WORKOUTS, {"date": MARKER}, token)
    return _answers(target.asking([body], MARKS_AT_ONCE, addresses=[address]))


def marked_logins(target: Target) -> Carry:
    """Six logins whose e-mail kombu takes for a type of its own.

    They opened the circuit of users for everybody.
    """
    attacker = target.asking([post(LOGIN, {"email": MARKER, "password": PASSWORD})], LOGINS_AT_ONCE)
    address = target.address()
    victim = target.newcomer(address)
    right = post(LOGIN, {"email": victim.email, "password": PASSWORD})

    def carry_out() -> dict[str, list]:
        answers = attacker.go()["answers"]
        with closing(target.line(address)) as line:
            return {"answers": answers, "others": [line.ask(right)[0] for _ in range(5)]}

    return carry_out


def marked_numbers(target: Target) -> Carry:
    """Repetitions and weights that kombu takes for decimals.

    "30" was a number (201), "NaN" an internal error (500).
    """
    address = target.address()
    token = target.newcomer(address).token
    bodies = [
        messages.workout_with(**{name: value}) for name in ("reps", "weight") for value in NUMBERS
    ]
    asked = [post(WORKOUTS, body, token) for body in bodies]
    return _answers(target.asking(asked, addresses=[address]))


def faulty_workouts(target: Target) -> Carry:
    """877 KB of fields that there are not, once a second.

    The list of faults was larger than a message may be, so workouts lost its connection to the
    broker with everybody's answers: 10 of 107 reads were answered.
    """
    address = target.address()
    token = target.newcomer(address).token
    body = post(WORKOUTS, messages.unknown_fields(FAULTY_BODY), token)
    return _answers(target.asking([body], FAULTY_BODIES, 1, addresses=[address]))


def faulty_logins(target: Target) -> Carry:
    """Six logins at once, each with 130,500 fields that there are not.

    Each was answered with 14 MB; users went from 76 to 859 MB.
    """
    body = post(LOGIN, f"{{{messages.many_members(KEYS)}}}")
    return _answers(target.asking([body], LOGINS_AT_ONCE))


def long_filters(target: Target) -> Carry:
    """1,100 public lists with long filters, to push out of Redis what else it holds.

    Counters went first: one address made 172 log-ins that were checked in 55 seconds (10 a minute
    are allowed) and 6,580 requests (1,200), and a token that had been revoked worked again.
    """
    address = target.address()
    victim = target.newcomer(target.address())
    with closing(target.line(address)) as line:
        token = target.newcomer(address).token
        line.ask(post("/api/users/logout", {}, token))
    wrong = post(LOGIN, {"email": victim.email, "password": "wrong " + PASSWORD})
    starts = [f"{EXERCISES}?limit=100&equipment=barbell,dumbbell,bodyweight,"]
    flood = [get(path) for path in messages.long_queries(LISTS + LISTS_MORE, starts, "x")]
    lists = target.asking(flood[:LISTS], 1, LISTS_A_SECOND, addresses=[address])
    more = target.asking(flood[LISTS:], 1, addresses=[address])
    before, after = (
        target.asking([wrong], GUESSES, connections=1, addresses=[address]) for _ in range(2)
    )
    dead = target.asking([get(WORKOUTS, token)], 1, addresses=[target.address()])

    def carry_out() -> dict[str, list[dict]]:
        parts = {"before": before, "lists": lists, "more": more, "after": after, "dead": dead}
        return {name: attacker.go()["answers"] for name, attacker in parts.items()}

    return carry_out


def absent_workouts(target: Target) -> Carry:
    """300 workouts that there are not.

    Each left a key in Redis for a week, longer than a revoked token is kept there. What is counted
    are keys that outlive their request.
    """
    address = target.address()
    token = target.newcomer(address).token
    asked = [get(f"{WORKOUTS}/{ABSENT_FROM + number}", token) for number in range(ABSENT)]
    attacker = target.asking(asked, 1, ABSENT_A_SECOND, addresses=[address])
    environment = target.system.environment

    def keys() -> int:
        with Redis(environment["REDIS_HOST"], int(environment["REDIS_PORT"])) as redis:
            found = redis.scan_iter(f"*{ABSENT_FROM // 10**6}*", count=1000)
            return sum(redis.ttl(key) > budgets.REQUEST_SECONDS for key in found)

    def carry_out() -> dict[str, Any]:
        return {"answers": attacker.go()["answers"], "keys": keys()}

    return carry_out


def long_links(target: Target) -> Carry:
    """1,000 public lists whose queries are three times as long in the links to other pages.

    With 6,000, each with 94 KB of links, the gateway went from 97 to 774 MB. As one address may ask
    1,200 times a minute, they come from four.
    """
    starts = [f"{EXERCISES}?limit=1&page=2&equipment=barbell,"]
    asked = [get(path) for path in messages.long_queries(LINKS, starts, '"')]
    addresses = [target.address() for _ in range(LINK_ADDRESSES)]
    return _answers(target.asking(asked, 1, LINKS_A_SECOND, addresses=addresses))


def one_byte_of_one_address(target: Target) -> Carry:
    """2,050 connections of one address that send one byte.

    62 of 100 connections of others were reset.
    """
    return _beside_new_ones(target, [target.address()])


def one_byte_of_many_addresses(target: Target) -> Carry:
    """The same from a hundred addresses, which a bound for each does not stop."""
    return _beside_new_ones(target, [target.address() for _ in range(MANY_ADDRESSES)])


def many_of_one_user(target: Target) -> Carry:
    """30 connections of one user, ten of which ask at the same moment, 25 times a second.

    279 of 1,200 requests that are allowed were let in.
    """
    address = target.address()
    token = target.newcomer(address).token
    asked = [get(WORKOUTS, token)]
    attacker = target.asking(
        asked, ABOVE_LIMIT, OF_ONE_USER_A_SECOND, OF_ONE_USER, [address], OF_ONE_USER_TOGETHER
    )
    return _answers(attacker)


def heavy_bodies(target: Target) -> Carry:
    """Bodies of a mebibyte that take long to read, 20 a second.

    One of brackets stopped the gateway for 0.34 seconds, one of `9e-300` for 0.25; remembered reads
    of others had a p99 of 4.2 seconds.
    """
    address = target.address()
    token = target.newcomer(address).token
    asked = [post(WORKOUTS, body, token) for body in messages.heavy_bodies()]
    times = HEAVY // len(asked)
    return _answers(target.asking(asked, times, HEAVY_A_SECOND, 50, [address]))


def slow_readers_of_one_address(target: Target) -> Carry:
    """400 connections of one address that don't read three answers of a megabyte each.

    The gateway held 760 MB for 30 seconds.
    """
    return _unread(target, [target.address()])


def slow_readers_of_many_addresses(target: Target) -> Carry:
    """The same from a hundred addresses, which a bound for each does not stop."""
    return _unread(target, [target.address() for _ in range(MANY_ADDRESSES)])


def poisoned_queues(target: Target) -> Carry:
    """Messages that can't be read or are nested too deep, four times on every queue.

    A container's process ended at one, the gateway's too; analytics was down for minutes. Whoever
    knows the password of one service can send some of them.
    """
    return Attacker("poison", {"routes": _routes(target), "times": POISON_TIMES}).go


def _answers(attacker: Attacker) -> Carry:
    return lambda: attacker.go()["answers"]


def _beside_new_ones(target: Target, addresses: list[str]) -> Carry:
    attacker = target.holding(["G"], CONNECTIONS, HELD_SECONDS, addresses, again=True)
    others = target.address()

    def carry_out() -> dict[str, Any]:
        attacker.begin()
        statuses = []
        for _ in range(NEW_CONNECTIONS):
            time.sleep(NEW_EVERY_SECONDS)
            statuses.append(_ask_anew(target.line(others)))
        return {"held": attacker.result(), "others": statuses}

    return carry_out


def _ask_anew(line: Line) -> int:
    with closing(line):
        return line.ask(get(f"{EXERCISES}/{EXERCISE}"))[0]


def _unread(target: Target, addresses: list[str]) -> Carry:
    asked = []
    # no user may ask more than 1,200 times a minute
    for _ in range(2):
        address = target.address()
        token = target.newcomer(address).token
        with closing(target.line(address)) as line:
            status, body = line.ask(post(WORKOUTS, messages.large_workout(), token))
            if status != 201:
                raise Failure(f"a large workout was answered {status}: {body[:500]}")
            read = get(f"{WORKOUTS}/{json.loads(body)['data'][0]['id']}", token)
            # from now on the gateway remembers it: what counts is who keeps the answers
            line.ask(read)
            asked.append(read * UNREAD)
    return target.holding(asked, SLOW_CONNECTIONS, HELD_SECONDS, addresses).go


def _routes(target: Target) -> list[dict[str, str]]:
    """Return how each queue of the broker is reached by a service that may write to it."""
    state = target.system.state
    uris = {name: make_environment(state, name)["AMQP_URI"] for name in SERVICES}
    routes = [
        ("gateway", "nameko-rpc", "users.login"),
        ("gateway", "nameko-rpc", "exercises.list"),
        ("gateway", "nameko-rpc", "workouts.create"),
        ("gateway", "nameko-rpc", "analytics.progress"),
        ("gateway", "gateway.events", "workout_created"),
        ("gateway", "gateway.events", "workout_updated"),
        ("gateway", "gateway.events", "workout_deleted"),
        ("workouts", "workouts.events", "workout_saved"),
        ("exercises", "exercises.events", "catalogue_changed"),
        *(("users", "nameko-rpc", key) for key in _reply_keys(target)),
    ]
    return [{"uri": uris[user], "exchange": exchange, "key": key} for user, exchange, key in routes]


def _reply_keys(target: Target) -> list[str]:
    columns = ("source_name", "destination_name", "routing_key")
    listed = target.system.rabbitmqctl("list_bindings", "-p", "gym", *columns)
    bindings = [line.split("\t") for line in listed.splitlines()]
    return [
        key
        for source, queue, key in (binding for binding in bindings if len(binding) == 3)
        if source == "nameko-rpc" and queue.startswith("rpc.reply-")
    ]


ATTACKS = {
    "marked-workouts": Attack("workouts with kombu's markers, 17/s", ACCOUNT, marked_workouts),
    "marked-at-once": Attack("the same, 110 at once", ACCOUNT, marked_at_once),
    "marked-logins": Attack("six logins with kombu's markers", NOBODY, marked_logins),
    "marked-numbers": Attack("numbers with kombu's markers", ACCOUNT, marked_numbers),
    "faulty-workouts": Attack("877 KB of unknown fields, 1/s", ACCOUNT, faulty_workouts),
    "faulty-logins": Attack("six logins with 130,500 fields", NOBODY, faulty_logins),
    "long-filters": Attack("1,100 lists with long filters", NOBODY, long_filters),
    "absent-workouts": Attack("300 workouts that don't exist", ACCOUNT, absent_workouts),
    "long-links": Attack("1,000 lists with long links", NOBODY, long_links),
    "one-byte": Attack("2,050 connections with one byte", NOBODY, one_byte_of_one_address),
    "one-byte-spread": Attack("the same, 100 addresses", NOBODY, one_byte_of_many_addresses),
    "many-of-one-user": Attack("30 connections of one user", ACCOUNT, many_of_one_user),
    "heavy-bodies": Attack("1 MiB bodies that are slow to read, 20/s", ACCOUNT, heavy_bodies),
    "slow-readers": Attack(
        "400 connections, 3 MB unread each", ACCOUNT, slow_readers_of_one_address
    ),
    "slow-readers-spread": Attack(
        "the same, 100 addresses", ACCOUNT, slow_readers_of_many_addresses
    ),
    "poisoned-queues": Attack("unreadable messages on every queue", BROKER, poisoned_queues),
}
"""All of them, by the name by which one is chosen."""
