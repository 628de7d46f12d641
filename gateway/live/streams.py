"""The streams of server-sent events that clients have open.

Nothing tells the gateway what has changed: it looks every second whether a generation in Redis is
another one, for all users with streams in a few commands. So a write costs nothing more, wherever
it was made. Only then the services are asked how far their changes are, and only that is sent.

A stream has a greenthread that waits, but no worker.
"""

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

import eventlet
from eventlet.greenpool import GreenPool
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from gateway.admission.account_changes import AccountChanges
from gateway.admission.admission import Admission
from gateway.admission.callers import Caller
from gateway.live.messages import EVENT_STREAM, HEARTBEAT, OPENING, change_message
from gateway.live.stream import Stream
from gateway.responses.streams import StreamedReply
from gateway.upstream.remote_services import UpstreamService
from schemas.changes import SOURCES, Positions, cursor_at
from schemas.errors import GymError, ServiceUnavailable, Unauthorized
from schemas.names import PUBLIC_NAMES
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.siblings import sibling
from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets
from services.transport.http import WebServer

log = get_logger(__name__)

MOST_OF_A_USER = 5
"""One more ends the oldest, whose client may be gone without anybody having noticed."""

LOOK_SECONDS = 1.0
HEARTBEAT_SECONDS = 20
CHECK_SECONDS = 60
"""After which it is checked that a token has not expired."""

USERS_AT_ONCE = 100
ASKED_AT_ONCE = 10


class _Followed:
    """A user who has streams.

    Args:
        user_id: the user.
        generations: of what they may be told of, and last of their tokens, as last seen.

    Attributes:
        is_owed: whether something has changed since the streams were last told. It is kept here, as
            a generation may be gone from Redis before the services can be asked.
        is_unchecked: the same of their tokens.
    """

    def __init__(self, user_id: int, generations: list[str | None]):
        self.user_id = user_id
        self.streams: list[Stream] = []
        self.is_asking = self.is_owed = self.is_unchecked = False
        self._generations = generations

    def see(self, found: Sequence[str | None]) -> None:
        """Note the generations of now; one that is missing tells nothing."""
        pairs = [*zip(found, self._generations, strict=True)]
        *data, tokens = [now is not None and now != before for now, before in pairs]
        self.is_owed |= any(data)
        self.is_unchecked |= tokens
        self._generations = [now or before for now, before in pairs]


def _keys_of(user_id: int) -> tuple[str, ...]:
    return (
        cache_generations.workouts_of(user_id),
        cache_generations.measurements_of(user_id),
        cache_generations.exercises_of(user_id),
        cache_generations.settings_of(user_id),
        cache_generations.tokens_of(user_id),
    )


class LiveStreams(DependencyProvider):
    """Opens streams, and tells them what has changed."""

    account_changes = AccountChanges()
    admission = Admission()
    server = WebServer()

    def __init__(self) -> None:
        super().__init__()
        self._followed: dict[int, _Followed] = {}

    def setup(self) -> None:
        """Find the cache."""
        self.cache = sibling(self.container, Cache)
        self._asking = GreenPool(ASKED_AT_ONCE)
        self.account_changes.when_changed(self._check_soon)
        metrics.LIVE_STREAMS.set_function(lambda: self._count)

    def start(self) -> None:
        """Begin to look."""
        self._looking = eventlet.spawn(self._run)

    def stop(self) -> None:
        """Stop looking; by now the web server has closed all streams."""
        self._looking.kill()

    def get_dependency(self, worker_ctx: WorkerContext) -> "Opening":
        """Return what opens a stream for the request of a worker."""
        return Opening(self, worker_ctx)

    @property
    def most(self) -> int:
        """How many streams there may be: half of the connections, which may all be somebody's."""
        return self.server.connection_limits.all.most // 2

    @property
    def _count(self) -> int:
        return sum(len(followed.streams) for followed in self._followed.values())

    def begin(self, stream: Stream) -> StreamedReply:
        """Return the reply of a stream that goes on until its client leaves or its token ends.

        Raises:
            ServiceUnavailable: there are as many as this process may have.
        """
        if self._count >= self.most:
            name = PUBLIC_NAMES["gateway"]
            raise ServiceUnavailable(
                "Too many streams are open",
                json.dumps({"service": name, "retry_after": budgets.UNAVAILABLE_RETRY_AFTER}),
            )
        user_id = stream.caller.user_id
        # first: what is written after this look is told by one of the next
        keys = _keys_of(user_id)
        generations = self.cache.current_generations(keys) or [None] * len(keys)
        stream.cursor = _cursor_of(stream.caller, self._positions([stream]))
        pieces = self._pieces(stream, generations)
        return StreamedReply(pieces, f"{EVENT_STREAM}; charset=utf-8", waits=True)

    def _pieces(self, stream: Stream, generations: list[str | None]) -> Iterator[bytes]:
        followed = self._join(stream, generations)
        try:
            yield OPENING + change_message(stream.cursor)
            yield from stream.pieces()
        finally:
            followed.streams.remove(stream)
            if not followed.streams:
                self._followed.pop(followed.user_id, None)

    def _join(self, stream: Stream, generations: list[str | None]) -> _Followed:
        user_id = stream.caller.user_id
        followed = self._followed.get(user_id)
        if followed is None:
            followed = self._followed[user_id] = _Followed(user_id, generations)
        else:
            # the others may have been told already of what came after this one's cursor
            followed.is_owed = True
        followed.streams.append(stream)
        for oldest in followed.streams[:-MOST_OF_A_USER]:
            oldest.end()
        return followed

    def _run(self) -> None:
        while True:
            eventlet.sleep(LOOK_SECONDS)
            try:
                self._look()
            except Exception as problem:
                log.error("live streams not looked after", exc_info=problem)

    def _look(self) -> None:
        everybody = iter([*self._followed.values()])
        while some := [*islice(everybody, USERS_AT_ONCE)]:
            keys = [key for followed in some for key in _keys_of(followed.user_id)]
            found = self.cache.current_generations(keys) or [None] * len(keys)
            each = len(keys) // len(some)
            for place, followed in enumerate(some):
                self._look_after(followed, found[place * each : (place + 1) * each])
            eventlet.sleep(0)

    def _look_after(self, followed: _Followed, found: list[str | None]) -> None:
        now = time.monotonic()
        for stream in [*followed.streams]:
            if self.server.closing:
                stream.end()
            elif now - stream.sent_at >= HEARTBEAT_SECONDS:
                stream.send(HEARTBEAT)
        followed.see(found)
        is_due = any(now - stream.checked_at >= CHECK_SECONDS for stream in followed.streams)
        if (is_due or followed.is_owed or followed.is_unchecked) and not followed.is_asking:
            followed.is_asking = True
            self._asking.spawn_n(self._ask, followed, found[-1])

    def _ask(self, followed: _Followed, tokens_generation: str | None) -> None:
        # before the services are asked: what changes meanwhile makes it due again
        is_owed, followed.is_owed, followed.is_unchecked = followed.is_owed, False, False
        went_well = False
        try:
            self._check_tokens(followed, tokens_generation)
            if is_owed:
                self._tell(followed)
            went_well = True
        except GymError as problem:
            log.info("live streams wait", reason=str(problem), user_id=followed.user_id)
        except Exception as problem:
            log.error("live streams not told", exc_info=problem, user_id=followed.user_id)
        finally:
            followed.is_asking = False
            if not went_well:
                # the next look asks again
                followed.is_owed |= is_owed
                followed.is_unchecked = True

    def _check_soon(self, user_id: int) -> None:
        """Check a user's tokens: their generation may be gone with the account."""
        if followed := self._followed.get(user_id):
            for stream in followed.streams:
                stream.checked_at = -math.inf

    def _check_tokens(self, followed: _Followed, generation: str | None) -> None:
        standings = self.admission.standings
        for stream in [*followed.streams]:
            try:
                claimed = standings.claimed(stream.caller.token, stream.make_context)
                standings.check(claimed, generation, stream.make_context)
            except Unauthorized:
                stream.end()
            else:
                stream.checked_at = time.monotonic()

    def _tell(self, followed: _Followed) -> None:
        streams = [*followed.streams]
        if streams:
            positions = self._positions(streams)
            for stream in streams:
                stream.tell(_cursor_of(stream.caller, positions))

    def _positions(self, streams: Sequence[Stream]) -> dict[str, int]:
        """Return how far all is that one of a user's streams may be told of."""
        names = {name for stream in streams for name in _sources_of(stream.caller)}
        found = GreenPool(len(SOURCES)).imap(partial(self._position, streams[0]), names)
        # all of them, as none may go on unwatched when another has failed
        positions = dict(zip(names, [*found], strict=True))
        for position in positions.values():
            if isinstance(position, Exception):
                raise position
        return positions

    def _position(self, stream: Stream, name: str) -> int | Exception:
        source = SOURCES[name]
        service = sibling(self.container, UpstreamService, name=source.service)
        user_id, seconds = stream.caller.user_id, budgets.FIRST_READ_SECONDS
        try:
            found = service.call_once(
                stream.make_context(), source.position, (user_id,), {}, seconds
            )
        except Exception as problem:
            return problem
        return int(found["position"])


def _sources_of(caller: Caller) -> Iterable[str]:
    return [name for name, source in SOURCES.items() if caller.may(source.scope)]


def _cursor_of(caller: Caller, positions: Positions) -> str:
    return cursor_at({name: positions[name] for name in _sources_of(caller)})


class Opening:
    """Opens streams for one request.

    Args:
        streams: where they are.
        worker_ctx: of the worker that serves it.
    """

    def __init__(self, streams: LiveStreams, worker_ctx: WorkerContext):
        self._streams = streams
        self._worker_ctx = worker_ctx

    def open(self, caller: Caller) -> StreamedReply:
        """Return the reply of a stream; see :meth:`LiveStreams.begin`."""
        return self._streams.begin(Stream(caller, self._worker_ctx))
