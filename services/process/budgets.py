"""Time, room and memory: every bound of the system in one place.

``docs/reliability.md`` explains them. :func:`check` runs at each start and in the tests, so that a
changed number can't break the order they need (inner deadlines end before outer ones, every
worker finds a database connection).
"""

SERVICE_WORKERS = 10
"""Requests and events that a service process works on at the same time."""

GATEWAY_WORKERS = 100
"""HTTP requests that a gateway process works on at the same time; each mostly waits for an RPC."""

USER_SHARE = 16
ADDRESS_SHARE = 50
"""Of the gateway's workers, what one user, or one address without a token, has at a time."""

SHARE_WAIT_SECONDS = 1.0
"""A request beyond that share waits so long for another one of the same caller to end."""

EVENT_PREFETCH = 100
"""Events of one kind that a process has in hand; one worker handles all that have arrived."""

EVENT_BATCH = 50
"""The most that it handles at a time."""

DATABASE_CONNECTIONS = SERVICE_WORKERS + 2
"""Connections of a service process: one a worker, and one each for readiness and for timers."""

DATABASE_CONNECT_SECONDS = 2
DATABASE_TRUST_SECONDS = 1.0
"""A connection that was idle for longer is tried before it is used."""

DATABASE_POOL_WAIT_SECONDS = 2
DATABASE_STATEMENT_SECONDS = 4
"""PostgreSQL ends a statement that takes longer."""

DATABASE_IDLE_TRANSACTION_SECONDS = 8
"""PostgreSQL ends a session that stops in the middle of a transaction, and frees its locks."""

DATABASE_ANSWER_SECONDS = 4.5
"""A process gives up on a database connection that has been silent for so long."""

REDIS_SECONDS = 0.3
"""Connect and answer time of Redis, which is only ever a short cut."""

REDIS_PAUSE_SECONDS = 1.0
"""After Redis failed a process does without it for so long."""

REDIS_GLANCE_SECONDS = 0.05
"""In that time a write still tries to tell Redis, so that other processes read nothing stale."""

REDIS_MOST_WAITING = 2000
"""Commands that wait for an answer; one more fails at once."""

REDIS_CONNECTIONS = 20
"""A gateway's for its rate limits; everything else shares one connection a process."""

RPC_SECONDS = 8.0
"""The gateway waits so long for a service."""

FIRST_READ_SECONDS = 3.0
"""A read that has no answer by then is sent once more: whoever had it may have died with it."""

INNER_RPC_SECONDS = 5.0
"""One service waits so long for another."""

REQUEST_SECONDS = 15.0
"""The longest that an HTTP request can take, from its last byte to the first of the answer."""

PUBLISH_SECONDS = 2.0
"""A message must reach the broker's socket within this."""

CONFIRM_SECONDS = 2.0
"""The broker must confirm an event within this."""

BROKER_CONNECT_SECONDS = 3.0
BROKER_HEARTBEAT_SECONDS = 10
"""Two missed heartbeats end a connection: a dead peer is noticed in 20 seconds."""

BROKER_RETRY_SECONDS = (0.2, 0.5, 1.0)
"""Pauses between tries to reach the broker; the last one repeats."""

BREAKER_FAILURES = 5
"""So many calls in a row that a service left unanswered, or could not do, open its circuit."""

BREAKER_SECONDS = 1.0
"""An open circuit lets one call through after this, so that a return is noticed in 2 seconds."""

UNAVAILABLE_RETRY_AFTER = 5
"""Seconds a client should wait after a 503."""

EVENT_RETRY_SECONDS = (1, 5, 30, 120, 600)
"""Pauses before an event that failed is handled again; after the last it is a dead letter."""

DEAD_LETTER_RETRY_SECONDS = 5
DEAD_LETTER_LONGEST_PAUSE_SECONDS = 600
"""First and longest pause before another try to write a dead letter that the broker refused."""

FEED_SECONDS = 2
"""How often analytics looks at the change feed."""

FEED_BATCH = 200

FACTS_LOOK_SECONDS = 0.25
"""How often workouts and analytics look whether an event told that the catalogue has changed."""

FACTS_SECONDS = 10
"""And how often they ask the catalogue itself, since an event may be lost."""

FACTS_RETRY_SECONDS = 2
"""A catalogue that does not answer is asked again after this."""

LARGEST_BODY = 1024 * 1024
"""Bytes of a request's body."""

LARGEST_MESSAGE = 4 * 1024 * 1024
"""Bytes of a message between services. The largest workout has 1.2 MB when it is read again."""

RECENT_REPLIES = 1000
RECENT_REPLY_BYTES = LARGEST_MESSAGE
"""The latest replies, kept to be sent again on a new connection."""

STOP_SECONDS = 10


def check() -> None:
    """Stop the start if the budgets contradict each other."""
    rules = {
        "no caller has all workers": max(USER_SHARE, ADDRESS_SHARE) < GATEWAY_WORKERS,
        "every worker finds a database connection": DATABASE_CONNECTIONS > SERVICE_WORKERS,
        "a statement ends before its caller gives up": DATABASE_STATEMENT_SECONDS
        < DATABASE_ANSWER_SECONDS
        <= INNER_RPC_SECONDS,
        "a service answers before the gateway gives up": INNER_RPC_SECONDS < RPC_SECONDS,
        "a read has time for a second try": FIRST_READ_SECONDS < RPC_SECONDS < REQUEST_SECONDS,
        "a publish ends before an RPC does": PUBLISH_SECONDS + CONFIRM_SECONDS < INNER_RPC_SECONDS,
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise ValueError(f"budgets contradict each other: {'; '.join(broken)}")
