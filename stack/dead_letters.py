"""``gym dead-letters``: lists, replays and drops dead letters.

The messages are fetched without an acknowledgement; the broker requeues the rest when the
connection closes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import amqp

from stack.broker import connection_to
from stack.failures import Failure
from stack.printing import printable

QUEUE = "dead-letters"
CONNECT_SECONDS = 5
OUR_HEADERS = "x-gym-"
SIZE_HEADER = "x-gym-size"
BROKERS_HEADERS = ("x-death", "x-first-death", "x-last-death", "x-delivery-count")
SHOWN_CHARACTERS = 60
ID_CHARACTERS = 8
PERSISTENT = 2
COLUMNS = ("id", "since", "queue", "reason", "content")


@dataclass(frozen=True)
class DeadLetter:
    """One message.

    Attributes:
        id: names it in the commands.
        queue: the queue that it came from.
        reason: why it was dead-lettered.
        since: when it was dead-lettered.
        content: the beginning of its body.
        message: the message itself.
    """

    id: str
    queue: str
    reason: str
    since: str
    content: str
    message: amqp.Message


class DeadLetters:
    """The queue of dead letters, consumed by one connection."""

    def __init__(self, connection: amqp.Connection):
        self._channel = connection.channel()
        self._returned: list[str] = []
        self._channel.confirm_select()
        self._channel.events["basic_return"].add(
            lambda problem, exchange, routing_key, message: self._returned.append(routing_key)
        )

    def fetch(self) -> list[DeadLetter]:
        """Return all of them, oldest first."""
        found = []
        while message := self._channel.basic_get(QUEUE):
            found.append(read(message))
        return found

    def replay(self, letter: DeadLetter) -> None:
        """Send one to the queue that it came from, with its original headers.

        Raises:
            Failure: the queue no longer exists, or only the beginning of the message was kept.
        """
        old = letter.message
        if SIZE_HEADER in (old.headers or {}):
            raise Failure(f"{letter.id} stays: only its beginning was kept")
        properties = {key: value for key, value in old.properties.items() if key != "expiration"}
        properties["application_headers"] = own_headers(old.headers)
        properties["delivery_mode"] = PERSISTENT
        fresh = amqp.Message(old.body, **properties)
        self._returned.clear()
        self._channel.basic_publish_confirm(fresh, "", letter.queue, mandatory=True)
        if self._returned:
            raise Failure(f"{letter.id} stays: there is no queue {letter.queue or '(unknown)'}")
        self.drop(letter)

    def drop(self, letter: DeadLetter) -> None:
        """Delete one for good."""
        self._channel.basic_ack(letter.message.delivery_tag)


@contextmanager
def connected(amqp_uri: str) -> Iterator[DeadLetters]:
    """Connect to a broker, and yield its dead letters.

    Raises:
        Failure: the broker can't be reached, refuses the login, or has no such queue.
    """
    connection = connection_to(amqp_uri, CONNECT_SECONDS)
    try:
        connection.connect()
    except OSError as problem:
        raise Failure(f"RabbitMQ does not answer: {problem}") from None
    except amqp.AMQPError as problem:
        raise Failure(f"RabbitMQ lets us not in: {_in_one_line(problem)}") from None
    try:
        with connection:
            yield DeadLetters(connection)
    except amqp.NotFound:
        raise Failure(
            f"RabbitMQ has no queue {QUEUE!r}, so nothing is in it: analytics declares it when "
            "it starts, or import rabbitmq/definitions.json"
        ) from None
    except amqp.AMQPError as problem:
        raise Failure(f"RabbitMQ refuses that: {_in_one_line(problem)}") from None


def _in_one_line(problem: amqp.AMQPError) -> str:
    return " ".join(str(problem).split())


def choose(letters: list[DeadLetter], ids: list[str], everything: bool) -> list[DeadLetter]:
    """Return the letters with the given ids, or all.

    Raises:
        Failure: an id is unknown, or none was given.
    """
    if everything:
        return letters
    if not ids:
        raise Failure("say which: their ids, or --all")
    known = {letter.id for letter in letters}
    if unknown := [each for each in ids if each not in known]:
        raise Failure(f"no dead letter {', '.join(unknown)}")
    return [letter for letter in letters if letter.id in ids]


def read(message: amqp.Message) -> DeadLetter:
    """Describe a message."""
    headers = message.headers or {}
    deaths = headers.get("x-death") or [{}]
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    name = message.properties.get("message_id") or f"{body!r}{sorted(headers)}"
    content = " ".join(body.decode("utf-8", "replace").split())
    return DeadLetter(
        id=hashlib.sha256(name.encode()).hexdigest()[:ID_CHARACTERS],
        queue=str(headers.get("x-gym-queue") or deaths[0].get("queue", "")),
        reason=str(headers.get("x-gym-reason") or deaths[0].get("reason", "unknown")),
        since=str(headers.get("x-gym-buried-at") or _moment(deaths[0].get("time"))),
        content=content[:SHOWN_CHARACTERS] + ("…" if len(content) > SHOWN_CHARACTERS else ""),
        message=message,
    )


def own_headers(headers: dict | None) -> dict:
    """Return the headers without those that were added by dead-lettering."""
    added = (OUR_HEADERS, *BROKERS_HEADERS)
    return {key: value for key, value in (headers or {}).items() if not key.startswith(added)}


def as_table(letters: list[DeadLetter]) -> str:
    """Return a table for people."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    rows += [
        # the content of a message must not control the terminal
        tuple(map(printable, (x.id, x.since, x.queue, x.reason, x.content)))
        for x in letters
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _moment(moment: object) -> str:
    if not isinstance(moment, datetime):
        return ""
    return moment.replace(tzinfo=UTC).isoformat(timespec="seconds")
