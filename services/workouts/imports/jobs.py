"""The background work of imports: reading, applying and undoing them, a while each in turn."""

import json
import time
from collections.abc import Callable
from typing import Any

from schemas.errors import (
    BusinessRuleViolation,
    GymError,
    InternalError,
    ServiceUnavailable,
    TimedOut,
    Unauthorized,
)
from services.dependencies.database import took_too_long
from services.observability.logging import get_logger
from services.transport.postgres.statements import Statement
from services.workouts.imports import records
from services.workouts.imports.applying import Applying
from services.workouts.imports.leases import LeaseLost, claim
from services.workouts.imports.reading import Unreadable
from services.workouts.imports.reading_job import Reading
from services.workouts.imports.tools import Tools
from services.workouts.imports.undoing import Undoing
from services.workouts.imports.work import Work

log = get_logger(__name__)

SECONDS_IN_TURN = 1.0
"""For which one import is worked on, unless it is being read, before another one has its turn."""

MOST_FAILURES = 8
"""In a row, after which an import is given up: two minutes, with the pauses between them. An outage
is no failure, and waited for however long it takes."""

_FAIL = Statement(
    f"""
    UPDATE imports SET status = '{records.FAILED}', error = :error, leased_until = NULL
    WHERE id = :id AND status IN ({records.WORKING_SQL})
    """
)
# in one statement, as whoever sees that it is back is to see what is asked
_BACK_TO_PREVIEW = Statement(
    f"""
    WITH back AS (
        UPDATE imports SET status = '{records.PREVIEW}', error = :error, position = 0, done = 0
        WHERE id = :id AND status = '{records.APPLYING}' RETURNING id)
    UPDATE import_names n SET why = 'ask', exercise_id = NULL, exercise_name = NULL, is_made = false
    FROM back
    WHERE n.import_id = back.id AND n.exercise_id = ANY(CAST(:exercise_ids AS bigint[]))
    """
)


def work(tools: Tools, seconds: float) -> bool:
    """Work on imports for some seconds, and return whether there was something to do.

    Args:
        tools: what is needed of the service.
        seconds: no other is begun after these.
    """
    until = time.monotonic() + seconds
    has_worked = False
    while time.monotonic() < until:
        lease = claim(tools.database)
        if lease is None:
            break
        Turn(tools, lease).take()
        has_worked = True
    return has_worked


class Turn(Work):
    """One turn of an import."""

    def take(self) -> None:
        """Go on with an import; whatever it fails with ends its turn alone."""
        try:
            self._go_on()
        except LeaseLost:
            log.info("import taken over", import_id=self._of.id)
        except Unreadable as problem:
            self._fail(problem.finding.described())
        except BusinessRuleViolation as problem:
            self._refuse(problem)
        except Unauthorized as problem:
            # the user was erased, and the import will be deleted
            log.info("import given up", import_id=self._of.id, reason=str(problem))
        except (ServiceUnavailable, TimedOut) as problem:
            if took_too_long(problem):
                log.warning("import takes too long", import_id=self._of.id, reason=str(problem))
                self._count_failure(f"The database took too long, {MOST_FAILURES} times in a row")
            else:
                log.warning("import pauses", import_id=self._of.id, reason=str(problem))
                self._lease.pause()
        except Exception as problem:
            log.error("import failed", import_id=self._of.id, exc_info=problem)
            self._count_failure(InternalError().message)
        else:
            self._lease.release()

    def _go_on(self) -> None:
        until = time.monotonic() + SECONDS_IN_TURN
        steps: dict[str, Callable[[], Any]] = {
            records.READING: lambda: Reading(self._tools, self._lease).run(),
            records.APPLYING: lambda: Applying(self._tools, self._lease).run(until),
            records.UNDOING: lambda: Undoing(self._tools, self._lease).run(until),
        }
        steps[self._of.status]()

    def _count_failure(self, message: str) -> None:
        if self._lease.fail() >= MOST_FAILURES:
            self._fail({"message": message})

    def _fail(self, error: dict[str, Any]) -> None:
        log.info("import given up", import_id=self._of.id, reason=error["message"])
        self._end(_FAIL, error)

    def _refuse(self, problem: BusinessRuleViolation) -> None:
        if self._of.status != records.APPLYING:
            self._fail(_described(problem))
            return
        unknown = problem.details.get("exercise_ids", [])
        self._end(_BACK_TO_PREVIEW, _described(problem), exercise_ids=unknown)

    def _end(self, statement: Statement, error: dict[str, Any], **values: object) -> None:
        self._tools.database.fetch(statement, id=self._of.id, error=json.dumps(error), **values)
        self._lease.release()


def _described(problem: GymError) -> dict[str, Any]:
    return {"message": problem.message, "details": problem.details}
