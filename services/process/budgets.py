"""All limits of time, number and memory in one place.

``docs/reliability.md`` explains them. :func:`check` runs at each start and in the tests: it checks
the relations that must hold (inner deadlines end before outer ones, every worker gets a database
connection).
"""

SERVICE_WORKERS = 10
"""Concurrent requests and events of a service process."""

GATEWAY_WORKERS = 100
"""Concurrent HTTP requests of a gateway process; most of their time is spent waiting for RPCs."""

USER_SHARE = 16
ADDRESS_SHARE = 50
"""Workers of the gateway that one user, or one address without a token, may use at a time."""

USER_STREAMS = 2
"""Streamed bodies and responses at a time of one user, or one address without a token."""

SHARE_WAIT_SECONDS = 1.0
"""A request beyond this share waits this long for another one of the same caller to end."""

EVENT_PREFETCH = 100
"""Unacknowledged events of one queue per process; one worker handles all that have arrived."""

EVENT_BATCH = 50
"""Events in one batch, at most."""

DATABASE_CONNECTIONS = SERVICE_WORKERS + 2
"""Pool size of a service process: one per worker, one for readiness checks, one for timers."""

DATABASE_CONNECT_SECONDS = 2
DATABASE_TRUST_SECONDS = 1.0
"""A connection that was idle for longer is tested before use."""

DATABASE_POOL_WAIT_SECONDS = 2
DATABASE_STATEMENT_SECONDS = 4
"""PostgreSQL cancels a statement that takes longer."""

DATABASE_IDLE_TRANSACTION_SECONDS = 8
"""PostgreSQL ends a session that is idle in a transaction for longer, and releases its locks."""

DATABASE_ANSWER_SECONDS = 4.5
"""A database connection without any response for this long is given up."""

REPLICA_SECONDS = 1
"""Timeout of connecting to a replica, and of each statement: then the primary is still to answer.
"""

REPLICA_PAUSE_SECONDS = 5.0
"""After a failure of a replica, a process does not read from it for this long."""

REPLICA_BEHIND_SECONDS = (0.01, 1.0)
"""First and longest pause after a replica was behind; each in a row is twice the one before."""

REDIS_SECONDS = 0.3
"""Timeout of connecting to Redis, and of each command. Short: Redis is optional."""

REDIS_PAUSE_SECONDS = 1.0
"""After a failure, a process does not use Redis for this long."""

REDIS_GLANCE_SECONDS = 0.05
"""Timeout of writes in that pause; they are tried all the same, as other processes may read."""

REDIS_MOST_WAITING = 2000
"""Outstanding Redis commands; one more fails at once."""

REDIS_CONNECTIONS = 20
"""Of redis-py, for the gateway's rate limits; all else shares one connection per process."""

RPC_SECONDS = 8.0
"""Timeout of the gateway's calls to services."""

FIRST_READ_SECONDS = 3.0
"""A read without a reply by then is sent again: the process that took it may have died."""

OWNER_SECONDS = 1.0
"""Timeout of asking who has private exercises; without an answer the public response is given."""

TOKEN_SECONDS = 2.0
"""Timeout of asking whether a token is still good."""

INNER_RPC_SECONDS = 5.0
"""Timeout of calls between services."""

REQUEST_SECONDS = 15.0
"""Maximum duration of an HTTP request, from its last byte to the first of the response."""

PUBLISH_SECONDS = 2.0
"""Timeout of writing a message to the broker's socket."""

CONFIRM_SECONDS = 2.0
"""Timeout of the broker's confirm of an event."""

BROKER_CONNECT_SECONDS = 3.0
BROKER_HEARTBEAT_SECONDS = 10
"""Two missed heartbeats end a connection, so a dead peer is detected within 20 seconds."""

BROKER_RETRY_SECONDS = (0.2, 0.5, 1.0)
"""Pauses between tries to reach the broker; the last one repeats."""

BREAKER_FAILURES = 5
"""Consecutive calls that timed out or were unavailable until the circuit opens."""

BREAKER_SECONDS = 1.0
"""An open circuit lets one call through after this; a recovery is detected within 2 seconds."""

UNAVAILABLE_RETRY_AFTER = 5
"""``Retry-After`` of a 503, in seconds."""

EVENT_RETRY_SECONDS = (1, 5, 30, 120, 600)
"""Pauses before the retries of a failed event; after the last retry it is dead-lettered."""

DEAD_LETTER_RETRY_SECONDS = 5
DEAD_LETTER_LONGEST_PAUSE_SECONDS = 600
"""First and longest pause before retrying a dead letter that the broker refused."""

FEED_SECONDS = 2
"""Interval at which analytics polls the change feed."""

FEED_BATCH = 200

MERGES_SECONDS = 1
"""Interval at which workouts looks for merges of exercises that are left to do."""

RELAY_GATHERS_SECONDS = 0.1
"""Pause before an outbox is emptied, so that the events of many transactions leave together."""

OUTBOX_SECONDS = 5
"""Interval at which services look for events of their outboxes that are still to be dispatched."""

IMPORTS_SECONDS = 0.5
"""Interval at which workouts looks for imports to read, apply or undo."""

IMPORTS_TURN_SECONDS = 3
"""It then works on them for so long at most, unless a file is being read, so that it can be stopped
within :data:`STOP_SECONDS`."""

SUMMARIES_SECONDS = 1
"""Interval at which analytics go on with a page of users whose weeks may have ended."""

SUMMARIES_LOOK_SECONDS = 10
"""Pause after the last page, before they begin with the first one again."""

TAKE_OUTS_SECONDS = 1
"""Interval at which users looks for take-outs to work on."""

TAKE_OUTS_TURN_SECONDS = 3
"""It then works on them for so long at most, as :data:`IMPORTS_TURN_SECONDS` says."""
ERASURE_SECONDS = 1
"""Interval at which services look for users who are still to be erased."""

ERASURE_TURN_SECONDS = 5
"""They then begin with another one for so long at most, so that they can be stopped within
:data:`STOP_SECONDS`."""

ASK_TO_ERASE_SECONDS = 2
"""Interval at which users looks for erasures whose receipts are missing."""

FACTS_LOOK_SECONDS = 0.25
"""Interval at which workouts and analytics check for a catalogue_changed event."""

FACTS_SECONDS = 10
"""Interval at which they poll the exercises service itself, since an event may be lost."""

FACTS_RETRY_SECONDS = 2
"""Pause before the retry of such a poll that failed."""

MERGES_LOOK_SECONDS = 1
"""Interval at which the exercises service looks for merges that no request has finished."""

MERGES_RETRY_SECONDS = 5
"""Pause before the retry of one that failed."""

MAILS_SECONDS = 5
"""Interval at which users looks for mails that are to be tried again, and notifications for any."""

MAILS_TURN_SECONDS = 4
"""Notifications then sends them for so long at most, so that it can be stopped within
:data:`STOP_SECONDS`."""

MAIL_ANSWER_SECONDS = 10
"""Timeout of connecting to the mail server, and of each of its answers."""

MAIL_SECONDS = 45
"""Timeout of handing over one mail."""

MAIL_LEASE_SECONDS = 90
"""For so long no other process tries a mail that one has begun to send."""

MAIL_RETRY_SECONDS = (10, 60, 300, 1800, 7200)
"""Pauses before the retries of a mail; the last one repeats."""

DELIVERIES_SECONDS = 1
"""Interval at which notifications looks for deliveries that are to be attempted again."""

DELIVERY_SECONDS = 10
"""Timeout of an attempt, from looking the name up to the head of the response."""

DELIVERY_CONNECT_SECONDS = 5
"""Timeout of connecting to one address."""

DELIVERY_LOOK_UP_SECONDS = 3
"""Timeout of asking the name servers for one kind of address."""

DELIVERY_ADDRESSES = 2
"""Addresses of a name that are tried."""

DELIVERY_LEASE_SECONDS = 30
"""For so long no other process attempts a delivery that one has begun with."""

DELIVERY_PLACES = 256
"""Webhooks that a process works on at a time, without those that are slow."""

SLOW_DELIVERY_PLACES = 128
"""The same of those that are slow."""

SLOW_DELIVERY_SECONDS = 2
"""A webhook is slow if one of its latest attempts took longer."""

SLOW_FOR_BATCHES = 3
"""It is so until as many batches of deliveries in a row took less."""

DELIVERY_PLACES_OF_USER = 16
"""Places that a user's webhooks have, and as many again for those that are slow."""

DELIVERY_PLACES_OF_ONE = 2
"""Places that one of them has: while messages in the first are waited for, others have the second.
"""

DELIVERY_CLAIMS = 50
"""Webhooks that are begun with in one statement."""

DELIVERY_CLAIMS_OF_USER = 4
"""The same of one user."""

DELIVERIES_AT_ONCE = 2
"""Deliveries that are attempted at a time in one place."""

DELIVERY_CONNECTIONS = 4
"""Connections to the database that deliveries have at a time."""

LARGEST_DELIVERY_RESPONSE = 16 * 1024
"""Bytes of the head of a receiver's response."""

CHANGES_SECONDS = 1
"""Interval at which notifications polls the workouts' change feed."""

AFTERWARDS_MOST = 1000
"""Requests that were answered, and whose work is not done yet; one more is refused."""

LARGEST_BODY = 1024 * 1024
"""Bytes of a request's body."""

LARGEST_UPLOAD = 20 * 1024 * 1024
"""The same of one that is taken as a stream."""

LARGEST_MESSAGE = 4 * 1024 * 1024
"""Bytes of a message between services. The largest valid workout has 1.2 MB in a response."""

RECENT_REPLIES = 1000
RECENT_REPLY_BYTES = LARGEST_MESSAGE
"""The latest replies, kept in order to send them again on a new connection."""

STOP_SECONDS = 10


def check() -> None:
    """Raise ``ValueError`` if the budgets contradict each other."""
    rules = {
        "no caller has all workers": max(USER_SHARE, ADDRESS_SHARE) < GATEWAY_WORKERS,
        "who has streams can ask for more": min(USER_SHARE, ADDRESS_SHARE) > USER_STREAMS,
        "every worker finds a database connection": DATABASE_CONNECTIONS > SERVICE_WORKERS,
        "a statement ends before its caller gives up": DATABASE_STATEMENT_SECONDS
        < DATABASE_ANSWER_SECONDS
        <= INNER_RPC_SECONDS,
        "a read has time for the primary after a replica": 2 * REPLICA_SECONDS < FIRST_READ_SECONDS,
        "an attempt ends before another process makes one": DELIVERY_SECONDS
        < DELIVERY_LEASE_SECONDS,
        "a user has places for more than one webhook": DELIVERY_PLACES_OF_ONE
        < DELIVERY_CLAIMS_OF_USER
        < DELIVERY_PLACES_OF_USER
        < SLOW_DELIVERY_PLACES,
        "a service that delivers stops in time": DELIVERY_SECONDS <= STOP_SECONDS,
        "a service answers before the gateway gives up": INNER_RPC_SECONDS < RPC_SECONDS,
        "a read has time for a second try": FIRST_READ_SECONDS < RPC_SECONDS < REQUEST_SECONDS,
        "who asks is known before a read": 2 * TOKEN_SECONDS + OWNER_SECONDS + RPC_SECONDS
        < REQUEST_SECONDS,
        "a mail is handed over before another process tries": MAIL_SECONDS < MAIL_LEASE_SECONDS,
        "a publish ends before an RPC does": PUBLISH_SECONDS + CONFIRM_SECONDS < INNER_RPC_SECONDS,
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise ValueError(f"budgets contradict each other: {'; '.join(broken)}")
