"""The RPC methods of body measurements."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from schemas.errors import BusinessRuleViolation, Conflict, NotFound, ValidationFailed, fault
from schemas.instants import Instant
from schemas.loading import load
from schemas.measurements import (
    HOURS_AHEAD,
    MOST_MEASUREMENTS,
    ByExternalId,
    ExternalMeasurement,
    MeasurementChanges,
    MeasurementList,
    NewMeasurement,
    mismatches,
)
from schemas.pages import checked_id, checked_user
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Fetch
from services.workouts import rules
from services.workouts.measurements import rows

NEW_MEASUREMENT = NewMeasurement()
EXTERNAL_MEASUREMENT = ExternalMeasurement()
MEASUREMENT_CHANGES = MeasurementChanges()
MEASUREMENT_LIST = MeasurementList()
BY_EXTERNAL_ID = ByExternalId()

_NOT_FOUND = "There is no such measurement"

Found = TypeVar("Found")


class MeasurementMethods:
    """The part of the workouts service with measurements of the body."""

    database: Database
    cache: Cache

    @rpc
    def create_measurement(self, user_id: int, measurement: dict) -> dict[str, Any]:
        """Keep a measurement; one with the same ``external_id`` and kind is changed.

        Args:
            user_id: the owner.
            measurement: ``kind`` (``weight``, ``fat``, ``waist`` and others of
                ``schemas.measurements``), ``value`` (at most 2 decimals), ``unit`` (kg or lb, %,
                cm or in), ``measured_at`` (``"2025-02-16T07:30:00+01:00"``) and, optionally,
                ``external_id`` (at most 128 characters).

        Returns:
            ``{"measurement": as from get_measurement, "was_there": whether it was changed, or was
            the same already, in place of being made}``

        Raises:
            ValidationFailed: the values break rules; all faults are listed.
            InvalidParameter: the user's id can't be one.
            BusinessRuleViolation: it is more than 24 hours in the future, or the user has 100,000.

        Example:
            ``n.rpc.workouts.create_measurement(1, {"kind": "weight", "value": 82.4, "unit": "kg",
            "measured_at": "2025-02-16T07:30:00+01:00"})``
        """
        return self._save(checked_user(user_id), load(NEW_MEASUREMENT, measurement))

    @rpc
    def put_measurement(self, user_id: int, measurement: dict) -> dict[str, Any]:
        """Make or change the measurement with an ``external_id``; may be repeated.

        Args:
            user_id: the owner.
            measurement: as for ``create_measurement``, with an ``external_id``.

        Returns:
            As ``create_measurement``.

        Raises:
            ValidationFailed: the values break rules; all faults are listed.
            InvalidParameter: the user's id can't be one.
            BusinessRuleViolation: as of ``create_measurement``.

        Example:
            ``n.rpc.workouts.put_measurement(1, {"kind": "fat", "value": 18.5, "unit": "%",
            "measured_at": "2025-02-16T07:30:00+01:00", "external_id": "scale-1042"})``
        """
        return self._save(checked_user(user_id), load(EXTERNAL_MEASUREMENT, measurement))

    @rpc
    def list_measurements(self, user_id: int, **query: Any) -> dict[str, Any]:
        """List a user's measurements, newest first.

        Args:
            user_id: the owner.
            query: ``kind`` (one, or several separated by commas), ``date_from`` and ``date_to``
                (``"2025-02-16"``, inclusive: the days by the clock where it was measured), ``page``
                (1), ``limit`` (10, at most 100).

        Returns:
            ``{"items": [as from get_measurement], "total": number of all}``

        Raises:
            InvalidParameter: a value is not allowed.
            BusinessRuleViolation: ``date_from`` is after ``date_to``.

        Example:
            ``n.rpc.workouts.list_measurements(1, kind="weight", date_from="2025-02-01")``
        """
        user_id = checked_user(user_id)
        values = load(MEASUREMENT_LIST, query)
        days = values.get("date_from"), values.get("date_to")
        rules.check_range(*days)
        return rows.list_page(
            self.database.fetch, user_id, values.get("kind"), days, values["page"], values["limit"]
        )

    @rpc
    def get_measurement(self, user_id: int, measurement_id: int) -> dict[str, Any]:
        """Return a measurement.

        Args:
            user_id: the owner.
            measurement_id: its id.

        Returns:
            ``{"id", "kind", "value", "unit", "measured_at" (as it was sent), "external_id",
            "version", "created_at", "updated_at"}``

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: there is none, or it is somebody else's.

        Example:
            ``n.rpc.workouts.get_measurement(1, 7)``
        """
        user_id, measurement_id = checked_user(user_id), checked_id(measurement_id)
        return _found(rows.get(self.database.fetch, user_id, measurement_id))

    @rpc
    def update_measurement(
        self, user_id: int, measurement_id: int, changes: dict
    ) -> dict[str, Any]:
        """Change a measurement.

        Args:
            user_id: the owner.
            measurement_id: its id.
            changes: fields as for ``create_measurement``; None clears ``external_id``. With
                ``version`` only that version is changed.

        Returns:
            The measurement as from ``get_measurement``; its ``version`` is one higher if anything
            is another now.

        Raises:
            ValidationFailed: the changes break rules, or what they make of it does; all faults are
                listed.
            InvalidParameter: an id can't be one.
            NotFound: there is none, or it is somebody else's.
            Conflict: it has another version than the given one, or another one of this kind has
                the ``external_id``.
            BusinessRuleViolation: it is more than 24 hours in the future.

        Example:
            ``n.rpc.workouts.update_measurement(1, 7, {"value": 82.1, "external_id": None})``
        """
        user_id, measurement_id = checked_user(user_id), checked_id(measurement_id)
        values = load(MEASUREMENT_CHANGES, changes)
        with self.database.together() as transaction:
            rows.lock(transaction.send, user_id)
            stored = _found(rows.stored(transaction.fetch, user_id, measurement_id))
            rules.check_version(values.pop("version", None), stored.version, "measurement")
            after = stored.columns | _columns(values)
            _check_kind(after)
            _check_external_id(transaction.fetch, user_id, measurement_id, after)
            shown = rows.change(transaction.fetch, user_id, measurement_id, after)
        self._note_change(user_id)
        return shown

    @rpc
    def delete_measurement(self, user_id: int, measurement_id: int) -> dict[str, Any]:
        """Delete a measurement.

        Args:
            user_id: the owner.
            measurement_id: its id.

        Returns:
            ``{"id", "deleted": True}``

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: there is none, or it is somebody else's.

        Example:
            ``n.rpc.workouts.delete_measurement(1, 7)``
        """
        user_id, measurement_id = checked_user(user_id), checked_id(measurement_id)
        if not rows.delete(self.database.fetch, user_id, measurement_id):
            raise NotFound(_NOT_FOUND)
        self._note_change(user_id)
        return {"id": measurement_id, "deleted": True}

    @rpc
    def delete_measurement_by_external_id(
        self, user_id: int, external_id: str
    ) -> list[dict[str, Any]]:
        """Delete the measurements with an external id: one of each kind at most.

        Args:
            user_id: the owner.
            external_id: theirs.

        Returns:
            ``[{"id", "deleted": True}]``

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: there are none, or they are somebody else's.

        Example:
            ``n.rpc.workouts.delete_measurement_by_external_id(1, "scale-1042")``
        """
        user_id = checked_user(user_id)
        wanted = load(BY_EXTERNAL_ID, {"external_id": external_id})["external_id"]
        deleted = rows.delete_external(self.database.fetch, user_id, wanted)
        if not deleted:
            raise NotFound(_NOT_FOUND)
        self._note_change(user_id)
        return [{"id": measurement_id, "deleted": True} for measurement_id in deleted]

    def _save(self, user_id: int, values: dict[str, Any]) -> dict[str, Any]:
        columns = _columns(values)
        external_id = values["external_id"]
        with self.database.together() as transaction:
            fetch = transaction.fetch
            # two at once with an external id are one after the other, and so is the count
            rows.lock(transaction.send, user_id)
            known = external_id and rows.find(fetch, user_id, values["kind"], external_id)
            if known:
                shown = rows.change(fetch, user_id, known, columns)
            else:
                _check_count(rows.count(fetch, user_id))
                shown = rows.insert(fetch, user_id, columns)
        self._note_change(user_id)
        return {"measurement": shown, "was_there": bool(known)}

    def _note_change(self, user_id: int) -> None:
        self.cache.invalidate(cache_generations.measurements_of(user_id))


def _found(row: Found | None) -> Found:
    if row is None:
        raise NotFound(_NOT_FOUND)
    return row


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return loaded values as their columns.

    Raises:
        BusinessRuleViolation: the moment is too far in the future.
    """
    columns = dict(values)
    moment: Instant | None = values.get("measured_at")
    if moment is not None:
        _check_moment(moment)
        columns["measured_at"] = moment.at
        columns["measured_offset"] = moment.offset_minutes
        columns["date"] = moment.day_in(None)
    return columns


def _check_moment(moment: Instant) -> None:
    latest = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=HOURS_AHEAD)
    if moment.at > latest:
        message = f"Measured at must be at most {HOURS_AHEAD} hours in the future"
        raise BusinessRuleViolation.of(
            "measured_at", message, "max", max_value=Instant(latest), received=moment
        )


def _check_count(there: int) -> None:
    if there >= MOST_MEASUREMENTS:
        message = f"There are {MOST_MEASUREMENTS} measurements already; delete one first"
        raise BusinessRuleViolation.of(
            "", message, "max_items", max_items=MOST_MEASUREMENTS, received=there + 1
        )


def _check_kind(columns: dict[str, Any]) -> None:
    """Refuse a change that leaves a unit or a value that don't belong to the kind."""
    found = mismatches(columns["kind"], columns["unit"], columns["value"])
    if found:
        faults = (fault(name, str(each), **each.details) for name, each in found.items())
        raise ValidationFailed.of(*faults)


def _check_external_id(
    fetch: Fetch, user_id: int, measurement_id: int, columns: dict[str, Any]
) -> None:
    external_id = columns["external_id"]
    other = external_id and rows.find(fetch, user_id, columns["kind"], external_id)
    if other and other != measurement_id:
        message = "Another measurement of this kind has this external_id"
        raise Conflict(message, json.dumps({"measurement_id": other}))
