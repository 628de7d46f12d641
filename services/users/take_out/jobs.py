"""The background work of take-outs: each service is asked for its parts, then the zip is built."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from schemas.errors import GymError
from services.dependencies.database import Database
from services.observability.logging import get_logger
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Statement, Together
from services.users.take_out import building
from services.users.take_out.leases import Lease, LeaseLost, claim

log = get_logger(__name__)

SECONDS_IN_TURN = 1.0
"""For which parts of one take-out are fetched before another one has its turn."""

Sources = Mapping[str, Callable[[int, Any], dict[str, Any]]]
"""``take_out`` of each service, by the service's name, in the order of their files in the zip."""

_LAST = Statement(
    """
    SELECT position, next FROM take_out_parts
    WHERE take_out_id = :id AND service = :service ORDER BY position DESC LIMIT 1
    """
)
_STORE = Statement(
    """
    INSERT INTO take_out_parts (take_out_id, service, position, names, files, about, next)
    VALUES (:id, :service, :position, :names, :files, :about, :next)
    """
)


def work(database: Database, sources: Sources, seconds: float) -> None:
    """Work on take-outs for some seconds, if there are any.

    Args:
        database: where they are.
        sources: what is asked.
        seconds: no other is begun after these.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        lease = claim(database)
        if lease is None:
            return
        _take_turn(lease, sources)


def _take_turn(lease: Lease, sources: Sources) -> None:
    """Go on with a take-out; whatever it fails with ends its turn alone."""
    try:
        is_whole = _collect(lease, sources)
        if is_whole:
            building.build(lease, list(sources))
    except LeaseLost:
        log.info("take-out taken over, or its user is gone", take_out_id=lease.id)
    except GymError as problem:
        log.warning("take-out pauses", take_out_id=lease.id, reason=str(problem))
        lease.pause()
    except Exception as problem:
        log.error("take-out failed, will be tried again", take_out_id=lease.id, exc_info=problem)
        lease.pause()
    else:
        lease.release()


def _collect(lease: Lease, sources: Sources) -> bool:
    """Fetch parts until the turn is over, and return whether all are there.

    Raises:
        GymError: a service is away, and there is nothing to fetch from the others.
    """
    until = time.monotonic() + SECONDS_IN_TURN
    problems = []
    for service, ask in sources.items():
        try:
            if not _collect_from(lease, service, ask, until):
                return False
        except GymError as problem:
            problems.append(problem)
    if problems:
        raise problems[0]
    return True


def _collect_from(
    lease: Lease, service: str, ask: Callable[[int, Any], dict[str, Any]], until: float
) -> bool:
    """Fetch parts of one service, and return whether all of them are there."""
    rows = lease.database.fetch(_LAST, id=lease.id, service=service)
    position, after = rows[0] if rows else (-1, None)
    while position < 0 or after is not None:
        if time.monotonic() >= until:
            return False
        lease.renew()
        part = ask(lease.user_id, after)
        position, after = position + 1, part["next"]
        with lease.database.together() as transaction:
            lease.hold(transaction)
            lease.note_progress(transaction)
            _store(transaction, lease, service, position, part)
        failpoint("users.take_out_part")
    return True


def _store(
    transaction: Together, lease: Lease, service: str, position: int, part: dict[str, Any]
) -> None:
    texts = {name: orjson.dumps(part[name]).decode() for name in ("files", "about", "next")}
    transaction.send(
        _STORE, id=lease.id, service=service, position=position, names=list(part["files"]), **texts
    )
