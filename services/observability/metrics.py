"""All metrics, and the page that exposes them; ``docs/operations.md`` explains each.

No other module defines a metric, so that tests can check the dashboard and the alerts against
this registry.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import accumulate
from time import perf_counter, time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from schemas.errors import GymError, InternalError

REGISTRY = CollectorRegistry()
CONTENT_TYPE = CONTENT_TYPE_LATEST

OK = "OK"
"""Label ``outcome`` of a success; of a failure it is the error's code."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Label for unknown methods and routes: a client must not be able to create new series."""

BREAKER_STATES = {"closed": 0, "half_open": 1, "open": 2}

_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_LAG_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Series:
    """A histogram of plain numbers; updated once per HTTP request.

    ``prometheus_client.Histogram`` takes a lock for each value. None is needed here: all requests
    run in one thread.
    """

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_REQUEST_SECONDS) + 1)
        self.total = 0.0

    def note(self, seconds: float) -> None:
        """Add a duration."""
        self.counts[bisect_left(_REQUEST_SECONDS, seconds)] += 1
        self.total += seconds


class HttpCounts(Collector):
    """Counters of HTTP requests, rendered as Prometheus metrics only when they are scraped."""

    def __init__(self) -> None:
        self.from_cache = 0
        self._all_series: dict[tuple[str, str, int], Series] = {}

    def series(self, method: str, route: str | None, status: int) -> Series:
        """Return the histogram of a method, route and status."""
        kind = (method if method in METHODS else OTHER, route or OTHER, status)
        found = self._all_series.get(kind)
        if found is None:
            found = self._all_series[kind] = Series()
        return found

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; called by ``prometheus_client`` for each scrape."""
        requests = HistogramMetricFamily(
            "gym_http_request_seconds",
            "HTTP requests answered, from their head to their answer",
            labels=("method", "route", "status"),
        )
        bounds = [*map(floatToGoString, _REQUEST_SECONDS), "+Inf"]
        for (method, route, status), series in self._all_series.items():
            buckets = [*zip(bounds, accumulate(series.counts), strict=True)]
            requests.add_metric((method, route, str(status)), buckets, series.total)
        yield requests
        yield CounterMetricFamily(
            "gym_http_remembered",
            "Of the HTTP requests, those answered from the gateway's memory",
            self.from_cache,
        )


HTTP = HttpCounts()
REGISTRY.register(HTTP)
disable_created_metrics()
ProcessCollector(registry=REGISTRY)


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(name, meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(name, meaning, labels, registry=REGISTRY)


def _histogram(name: str, meaning: str, buckets: tuple, *labels: str) -> Histogram:
    return Histogram(name, meaning, labels, buckets=buckets, registry=REGISTRY)


HTTP_REFUSED = _counter(
    "gym_http_refused_total", "Connections whose first bytes were no HTTP we take", "status"
)
HTTP_DROPPED = _counter(
    "gym_http_connections_dropped_total",
    "Connections closed to keep a bound: refused, displaced by a new one, or held too much",
    "bound",
    "why",
)
HTTP_CONNECTIONS = _gauge("gym_http_connections", "Open client connections")

LIVE_STREAMS = _gauge("gym_live_streams", "Open streams of server-sent events")
WORKERS_BUSY = _gauge("gym_workers_busy", "Requests, RPCs and events being worked on")
WORKERS_MOST = _gauge("gym_workers_limit", "How many can be worked on at a time")

RPC_SERVED = _histogram(
    "gym_rpc_served_seconds",
    "RPCs answered by this service",
    _REQUEST_SECONDS,
    "method",
    "outcome",
)
RPC_MALFORMED = _counter("gym_rpc_malformed_total", "Messages on the RPC queue that were no RPC")
RPC_LATE = _counter(
    "gym_rpc_late_total", "RPCs not executed, as their callers had given up", "method"
)
RPC_CALLS = _histogram(
    "gym_rpc_call_seconds",
    "RPCs made by this service, the waiting in the queue included",
    _REQUEST_SECONDS,
    "callee",
    "method",
    "outcome",
)
RPC_RETRIES = _counter("gym_rpc_retries_total", "Reads that were tried a second time", "callee")
BREAKER = _gauge(
    "gym_breaker_state", "Circuit of a called service: 0 closed, 1 half open, 2 open", "callee"
)

EVENTS_DISPATCHED = _counter(
    "gym_events_dispatched_total",
    "Events sent, and confirmed if they are to be, or not",
    "event_type",
    "outcome",
)
EVENTS_HANDLED = _histogram(
    "gym_event_handled_seconds",
    "Events handled by this service",
    _REQUEST_SECONDS,
    "event_type",
    "outcome",
)
DELIVERIES = _histogram(
    "gym_delivery_attempt_seconds",
    "Attempts to deliver an event to a webhook",
    _REQUEST_SECONDS,
    "event_type",
    "outcome",
)
DELIVERIES_LATE = _gauge(
    "gym_deliveries_late_seconds",
    "How long the webhook that waits longest has been due, at the last look",
)
OUTBOX_OLDEST = _gauge(
    "gym_outbox_oldest_seconds",
    "How long the oldest event of an outbox has waited for the broker, at the last look",
    "outbox",
)
MAILS = _counter("gym_mails_total", "Attempts to hand a mail over", "outcome")
EVENT_LAG = _histogram(
    "gym_event_lag_seconds",
    "From an event's dispatch until it was handled, retries included",
    _LAG_SECONDS,
    "event_type",
)
EVENT_RETRIES = _counter(
    "gym_event_retries_total", "Events that failed and were sent to wait", "event_type"
)
DEAD_LETTERS = _counter("gym_dead_letters_total", "Messages given up", "queue")

BROKER_CONNECTED = _gauge(
    "gym_broker_connected", "Whether the connection to the broker is usable", "purpose"
)
BROKER_LOST = _counter("gym_broker_lost_total", "Connections to the broker that broke", "purpose")

DATABASE_CONNECTIONS = _gauge(
    "gym_database_connections", "Database connections of the pool", "state"
)
DATABASE_CONNECTIONS_MOST = _gauge("gym_database_connections_limit", "Size of the database pool")
DATABASE_FAILURES = _counter(
    "gym_database_failures_total", "Transactions that failed: unavailable or error", "kind"
)

REPLICA_READS = _counter(
    "gym_replica_reads_total",
    "Reads that a replica may answer, by who did: replica, or primary",
    "place",
)
REPLICA_BEHIND = _gauge(
    "gym_replica_behind_bytes",
    "WAL that a replica had not replayed of what was committed, at the last look",
    "replica",
)
REPLICA_USED = _gauge(
    "gym_replica_used",
    "Whether a replica is read from, or (0) left alone after a failure",
    "replica",
)

CACHE_READS = _counter(
    "gym_cache_reads_total", "Values looked for in the cache: hit, stale or miss", "outcome"
)
CACHE_FAILURES = _counter(
    "gym_cache_failures_total",
    "Commands to either Redis that failed, or were left out while it is down",
)

FEED_POSITION = _gauge(
    "gym_feed_position", "Id of the last workout change that was seen to", "cell"
)
FEED_LAG = _gauge(
    "gym_feed_lag_seconds",
    "Age of the oldest workout change not yet seen to, at the last look",
    "cell",
)
FEED_CAUGHT_UP = _gauge(
    "gym_feed_caught_up_timestamp_seconds",
    "When this process last saw to all workout changes",
    "cell",
)

READ_FROM_REPLICA, READ_FROM_PRIMARY = map(REPLICA_READS.labels, ("replica", "primary"))
CACHE_HIT, CACHE_STALE, CACHE_MISS = map(CACHE_READS.labels, ("hit", "stale", "miss"))


def page() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


def outcome_of(problem: BaseException | None) -> str:
    """Return the label ``outcome``: the code of an error, or ``OK``."""
    if problem is None:
        return OK
    return problem.code if isinstance(problem, GymError) else InternalError.code


@contextmanager
def timed_call(callee: str, method: str) -> Iterator[None]:
    """Measure an RPC made by this service."""
    begun = perf_counter()
    outcome = OK
    try:
        yield
    except BaseException as problem:
        outcome = outcome_of(problem)
        raise
    finally:
        RPC_CALLS.labels(callee, method, outcome).observe(perf_counter() - begun)


def note_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count an HTTP request."""
    HTTP.series(method, route, status).note(seconds)


def note_lag(event_type: str, dispatched_at: object) -> None:
    """Record the time since an event was dispatched, if its header gives that."""
    if isinstance(dispatched_at, int | float):
        EVENT_LAG.labels(event_type).observe(max(time() - dispatched_at, 0))


def watch_feed(cell: str) -> None:
    """Show a change feed before anything of it was processed.

    Args:
        cell: whose feed it is; the first one has no name.
    """
    for feed in (FEED_POSITION, FEED_LAG, FEED_CAUGHT_UP):
        feed.labels(cell)


def note_feed(cell: str, position: int, unseen: Sequence[dict]) -> None:
    """Record how far a change feed has been processed.

    Args:
        cell: whose feed it is.
        position: id of the last processed change.
        unseen: the changes after it, oldest first.
    """
    FEED_POSITION.labels(cell).set(position)
    if unseen:
        oldest = datetime.fromisoformat(unseen[0]["changed_at"]).timestamp()
        FEED_LAG.labels(cell).set(max(time() - oldest, 0))
    else:
        FEED_LAG.labels(cell).set(0)
        FEED_CAUGHT_UP.labels(cell).set_to_current_time()


def watch_breaker(callee: str, state: Callable[[], str]) -> None:
    """Export the state of a circuit breaker."""
    BREAKER.labels(callee).set_function(lambda: BREAKER_STATES[state()])


def watch_pool(in_use: Callable[[], int], idle: Callable[[], int], most: int) -> None:
    """Export the number of used and idle connections of the database pool."""
    DATABASE_CONNECTIONS.labels("in_use").set_function(in_use)
    DATABASE_CONNECTIONS.labels("idle").set_function(idle)
    DATABASE_CONNECTIONS_MOST.set(most)


def watch_workers(busy: Callable[[], int], most: int) -> None:
    """Export the number of busy workers."""
    WORKERS_BUSY.set_function(busy)
    WORKERS_MOST.set(most)
