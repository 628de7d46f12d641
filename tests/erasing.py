"""Accounts with ids that are found by no accident, and a search for what is left of them."""

import json
import random
import uuid
from dataclasses import dataclass

import bcrypt
import redis
from kombu import Connection
from sqlalchemy import NullPool, create_engine, text

from services.migrate import NAMES
from services.process.cells import bucket_of
from services.process.settings import Settings
from stack.layout import CHECKOUT
from tests.waiting import eventually

PASSWORD = "correct horse battery"
PASSWORD_HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()

ERASING = ("exercises", "workouts", "analytics", "notifications")
"""The services that give a receipt."""

TOMBSTONES = {"erased_users", "erasures", "erasure_receipts"}
QUEUES = CHECKOUT / "rabbitmq" / "definitions.json"


@dataclass(frozen=True)
class Account:
    """Somebody whose id has fifteen digits, and whose e-mail is nobody else's."""

    id: int
    email: str
    password: str = PASSWORD


def open_account(system, role="user", bucket=None):
    """Make an account in the database, whose user falls into a bucket if one is given."""
    user_id = random.randrange(10**14, 10**15)
    if bucket is not None:
        user_id += bucket - bucket_of(user_id)
    account = Account(user_id, f"erased-{uuid.uuid4().hex}@example.com")
    run(
        system,
        "users",
        """
        INSERT INTO users (id, email, password_hash, role) OVERRIDING SYSTEM VALUE
        VALUES (:id, :email, :hash, :role)
        """,
        id=account.id,
        email=account.email,
        hash=PASSWORD_HASH,
        role=role,
    )
    return account


def run(system, service, statement, **values):
    """Return what a statement gives in a service's database."""
    address = Settings.from_environment(system.environment).databases[service]
    engine = create_engine(address.url, poolclass=NullPool)
    with engine.begin() as connection:
        found = connection.execute(text(statement), values)
        return [tuple(row) for row in found] if found.returns_rows else []


def traces_of(system, account):
    """Return where something of an account is left: tables, keys in Redis, queues."""
    return sorted(
        {
            *in_databases(system, account),
            *in_redis(system, account),
            *in_queues(system, account),
        }
    )


def in_databases(system, account):
    """Yield the tables, but those of tombstones, in which an id or an e-mail stands anywhere."""
    for service in NAMES:
        tables = run(
            system,
            service,
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'm', 'p')
            """,
        )
        for (table,) in tables:
            # as text, a column of bytes is hexadecimal
            [(count,)] = run(
                system,
                service,
                f"SELECT count(*) FROM {table} t WHERE t::text ~ :pattern",
                pattern="|".join(
                    [
                        str(account.id),
                        account.email,
                        str(account.id).encode().hex(),
                        account.email.encode().hex(),
                    ]
                ),
            )
            if count and table not in TOMBSTONES:
                yield f"{service}.{table}"


def in_redis(system, account):
    """Yield the keys that have the id or the e-mail in their name or their value."""
    for server in ("REDIS", "REDIS_COUNTERS"):
        host, port = (system.environment[f"{server}_{what}"] for what in ("HOST", "PORT"))
        with redis.Redis(host=host, port=int(port), decode_responses=True) as client:
            for key in client.scan_iter(count=1000):
                if is_in(account, f"{key} {value_of(client, key)}"):
                    yield f"{server} {key}"


def value_of(client, key):
    read = {
        "string": client.get,
        "list": lambda key: client.lrange(key, 0, -1),
        "hash": client.hgetall,
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
        "none": lambda _key: None,
    }
    return read[client.type(key)](key)


def in_queues(system, account):
    """Yield the queues with a message that has the id or the e-mail in its body or headers."""
    names = [each["name"] for each in json.loads(QUEUES.read_text())["queues"]]
    for name in names:
        # what is not acknowledged goes back when the connection ends
        with Connection(system.environment["AMQP_URI"]) as connection:
            while message := connection.default_channel.basic_get(name):
                if is_in(account, f"{message.body} {message.headers} {message.properties}"):
                    yield f"queue {name}"


def is_in(account, found):
    return str(account.id) in found or account.email in found


def wait_until_gone(system, account, seconds=10):
    """Wait until nothing is left of an account."""

    def is_gone():
        left = traces_of(system, account)
        assert not left, left
        return True

    eventually(is_gone, seconds, pause=0.5)
