"""Reading a file in the background: its workouts are staged, for the preview."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson

from schemas.exports import HEVY, STRONG
from schemas.imports import AUTO, GYM, MOST_NAMES
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Statement
from services.workouts.imports import names, records, uploads
from services.workouts.imports.comparing import Comparing
from services.workouts.imports.leases import Lease
from services.workouts.imports.reading import (
    File,
    Finding,
    Findings,
    Unreadable,
    check_count,
    read_workouts,
    recognise,
)
from services.workouts.imports.reading.row import Units
from services.workouts.imports.rules.documents import Document, document, sets_of, start_of
from services.workouts.imports.rules.identity import Identities
from services.workouts.imports.rules.measures import NameSummary, summarised
from services.workouts.imports.rules.planning import NEW
from services.workouts.imports.tools import Tools
from services.workouts.imports.work import Work

SETS_AT_ONCE = 1000

_APPS = {STRONG: "Strong", HEVY: "Hevy", GYM: "Gym Tracker"}

_CLEAR = Statement("DELETE FROM import_workouts WHERE import_id = :id")
_CLEAR_NAMES = Statement("DELETE FROM import_names WHERE import_id = :id")
_RECOGNISED = Statement(
    """
    UPDATE imports SET recognised = :recognised, needs = :needs, total = :total, done = 0
    WHERE id = :id
    """
)
_STAGE = Statement(
    f"""
    INSERT INTO import_workouts (import_id, place, start, identity, state, document)
    SELECT :id, place, start, identity, '{NEW}', document
    FROM unnest(CAST(:places AS integer[]), CAST(:starts AS timestamp[]),
                CAST(:identities AS bytea[]), CAST(:documents AS text[]))
        AS given (place, start, identity, document)
    """
)
# no failure is forgotten, as the next turn begins anew
_MARK = Statement("UPDATE imports SET done = least(:done, total) WHERE id = :id")
_DONE = Statement(f"UPDATE imports SET status = '{records.PREVIEW}', failures = 0 WHERE id = :id")
_FORGET_PIECES = Statement("DELETE FROM import_pieces WHERE import_id = :id")


class Reading(Work):
    """Reads the file of an import, from its beginning."""

    def __init__(self, tools: Tools, lease: Lease):
        super().__init__(tools, lease)
        self._findings = Findings()
        self._names: dict[str, NameSummary] = {}
        self._open = uploads.opener(
            tools.database.fetch, self._of.id, lease.renew, self._turns.give_way
        )

    def run(self) -> None:
        """Read it.

        Raises:
            Unreadable: it can't be read.
        """
        options = self._of.options
        recognised = recognise(self._open, options["source"], options.get("language"))
        self._check_source(recognised.source)
        self._begin(recognised)
        self._stage(recognised)
        self._match()
        is_own_export = recognised.source == GYM
        Comparing(self._tools, self._lease, is_own_export).run(self._findings)
        failpoint("workouts.import_before_preview")
        with self._holding() as transaction:
            transaction.send(_DONE, id=self._of.id)
            transaction.send(_FORGET_PIECES, id=self._of.id)

    def _check_source(self, source: str) -> None:
        expected = self._of.options["source"]
        if expected not in (AUTO, source):
            message = f"This is an export of {_APPS[source]}, not {_APPS[expected]}"
            raise Unreadable(Finding(1, "source", message, "one_of", source))

    def _begin(self, recognised: File) -> None:
        # a process that died may have staged some
        with self._holding() as transaction:
            transaction.send(_CLEAR, id=self._of.id)
            transaction.send(_CLEAR_NAMES, id=self._of.id)
            transaction.send(
                _RECOGNISED,
                id=self._of.id,
                recognised=json.dumps(recognised.described()),
                needs=json.dumps(_needs(recognised)),
                total=recognised.records,
            )

    def _stage(self, recognised: File) -> None:
        now = datetime.now(UTC)
        identities = Identities(recognised.source)
        batch: list[tuple[Any, ...]] = []
        place = sets = staged_sets = 0
        for workout in read_workouts(self._open, recognised, Units(), self._findings):
            found = document(workout, now, self._findings)
            if found is None:
                continue
            # one without sets takes its place, too
            place, sets = place + 1, sets + max(sets_of(found), 1)
            check_count(sets, found["line"])
            self._note(found)
            text = orjson.dumps(found).decode()
            batch.append((place, start_of(found), identities.of(found), text))
            if sets - staged_sets >= SETS_AT_ONCE:
                self._write(batch, found["line"])
                batch, staged_sets = [], sets
        if batch:
            self._write(batch, recognised.records)

    def _note(self, workout: Document) -> None:
        summarised(self._names, workout["exercises"])
        if len(self._names) > MOST_NAMES:
            message = f"There are more than {MOST_NAMES} different exercises"
            raise Unreadable(Finding(workout["line"], "exercise", message, "max_items"))

    def _write(self, batch: list[tuple[Any, ...]], line: int) -> None:
        places, starts, identities, documents = (
            list(column) for column in zip(*batch, strict=True)
        )
        with self._holding() as transaction:
            transaction.send(
                _STAGE,
                id=self._of.id,
                places=places,
                starts=starts,
                identities=identities,
                documents=documents,
            )
            transaction.send(_MARK, id=self._of.id, done=line)
        self._lease.renew()

    def _match(self) -> None:
        found = names.match(self._tools, self._of.user_id, self._names, self._lease.renew)
        with self._holding() as transaction:
            names.store(transaction.send, self._of.id, found)


def _needs(recognised: File) -> list[str]:
    """Return what must be given to apply it: files of other apps have no time zones."""
    return [*recognised.needs, *([] if recognised.source == GYM else ["time_zone"])]
