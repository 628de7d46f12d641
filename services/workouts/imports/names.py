"""Names of exercises in a file, and the exercises that they would become."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from schemas.constraints import truncate
from schemas.errors import ValidationFailed, fault
from schemas.imports import MOST_NAMES, NEW
from schemas.pages import is_id
from schemas.units import ASSISTED
from services.transport.postgres.statements import Fetch, Send, Statement
from services.workouts.imports.rules.measures import NameSummary
from services.workouts.imports.tools import Tools
from services.workouts.rules import unknown_exercises

ASK, LEARNED, EXACT = "ask", "learned", "exact"
MOST_IN_A_CALL = 200

_LEARNED_BEFORE = Statement(
    """
    SELECT name, exercise_id FROM learned_names
    WHERE user_id = :user_id AND name = ANY(CAST(:names AS text[]))
    """
)
_LEARN = Statement(
    """
    INSERT INTO learned_names (user_id, name, exercise_id)
    SELECT :user_id, name, exercise_id
    FROM unnest(CAST(:names AS text[]), CAST(:exercise_ids AS bigint[]))
        AS given (name, exercise_id)
    ON CONFLICT (user_id, name) DO UPDATE SET exercise_id = excluded.exercise_id
    """
)
_UNLEARN = Statement(
    """
    DELETE FROM learned_names WHERE user_id = :user_id AND name = ANY(CAST(:names AS text[]))
    """
)
_STORE = Statement(
    """
    INSERT INTO import_names
        (import_id, name, sets, measure, why, exercise_id, exercise_name, choices)
    SELECT :id, name, sets, measure, why, exercise_id, exercise_name, choices
    FROM json_to_recordset(CAST(:names AS json)) AS given (
        name text, sets integer, measure text, why text, exercise_id bigint, exercise_name text,
        choices json)
    """
)
_ALL = Statement(
    """
    SELECT name, sets, measure, why, exercise_id, exercise_name, choices
    FROM import_names WHERE import_id = :id ORDER BY why <> 'ask', sets DESC, name
    """
)
# what was made is this import's only while the name becomes it, or is to be made once more
_MAP = Statement(
    """
    UPDATE import_names n SET exercise_id = given.exercise_id, exercise_name = given.exercise_name,
        why = given.why, is_made = n.is_made AND (
            given.exercise_id IS NULL OR n.exercise_id IS NOT DISTINCT FROM given.exercise_id)
    FROM json_to_recordset(CAST(:names AS json)) AS given (
        name text, exercise_id bigint, exercise_name text, why text)
    WHERE n.import_id = :id AND n.name = given.name
    """
)
_KNOWN = Statement(
    "SELECT name, exercise_id FROM import_names WHERE import_id = :id AND exercise_id IS NOT NULL"
)
_KNOWN_BEFORE = Statement(
    f"""
    SELECT name, exercise_id FROM import_names
    WHERE import_id = :id AND exercise_id IS NOT NULL AND why <> '{NEW}'
    """
)


def key(name: str) -> str:
    """Return a name as it is remembered."""
    return " ".join(name.casefold().split())[:255]


def match(
    tools: Tools,
    user_id: int,
    names: Mapping[str, NameSummary],
    before_each: Callable[[], None],
) -> list[dict[str, Any]]:
    """Return what the names of a file would become.

    Args:
        tools: what is needed of the service.
        user_id: whose file it is.
        names: with what their sets hold.
        before_each: called before each call of the exercises service.

    Returns:
        ``[{"name", "sets", "measure", "why", "exercise_id", "exercise_name", "choices"}]``
    """
    learned = _learned(tools, user_id, list(names))
    others = {name: names[name] for name in names if name not in learned or names[name].said}
    found = _asked(tools, user_id, others, before_each)
    # our own exports have exercises' own names, which come before what was chosen for others
    exact = {name for name in found if names[name].said and found[name]["why"] == EXACT}
    own = {name for name in names if names[name].is_own}
    exact -= own - _private(tools, user_id, found, exact & own)
    found |= {name: learned[name] for name in learned.keys() - exact}
    by_data = {name for name in names if names[name].measure == ASSISTED and name not in exact}
    _keep_assistance(tools, user_id, found, by_data)
    _keep_own(tools, user_id, found, own)
    return [
        {"name": name, "sets": summary.sets, "measure": summary.measure, **found[name]}
        for name, summary in names.items()
    ]


def store(send: Send, import_id: int, names: list[dict[str, Any]]) -> None:
    """Store what :func:`match` has returned."""
    send(_STORE, id=import_id, names=json.dumps(names))


def listed(fetch: Fetch, import_id: int) -> list[dict[str, Any]]:
    """Return the names of an import, those to ask for first."""
    members = ("name", "sets", "measure", "why", "exercise_id", "exercise_name", "choices")
    return [dict(zip(members, row, strict=True)) for row in fetch(_ALL, id=import_id)]


def exercise_ids(fetch: Fetch, import_id: int) -> dict[str, int]:
    """Return the ids of the exercises that are known, by their names in the file."""
    return dict(fetch(_KNOWN, id=import_id))


def exercise_ids_before(fetch: Fetch, import_id: int) -> dict[str, int]:
    """Return the same without exercises that the import has made, or will have."""
    return dict(fetch(_KNOWN_BEFORE, id=import_id))


def checked_mapping(mapping: object) -> dict[str, int | str]:
    """Return a mapping of names to ids or ``"new"``.

    Raises:
        ValidationFailed: it is none.
    """
    if not isinstance(mapping, dict):
        raise ValidationFailed.of(
            fault("", "The mapping must be an object of names and ids", "type", expected="object")
        )
    if len(mapping) > MOST_NAMES:
        message = f"The mapping must have at most {MOST_NAMES} names"
        raise ValidationFailed.of(fault("", message, "max_items", max_items=MOST_NAMES))
    wrong = [name for name, value in mapping.items() if value != NEW and not is_id(value)]
    if wrong:
        message = 'Must be the id of an exercise, or "new"'
        raise ValidationFailed.of(*(fault(str(name)[:100], message, "type") for name in wrong))
    return mapping


def chosen_rows(
    tools: Tools, user_id: int, mapping: Mapping[str, int | str]
) -> list[dict[str, Any]]:
    """Return what a mapping makes of names, as it is stored.

    Raises:
        BusinessRuleViolation: there is no such exercise, or it is inactive.
    """
    ids = {value for value in mapping.values() if isinstance(value, int)}
    known = tools.known(user_id, ids)
    unknown = sorted(ids - known.keys())
    if unknown:
        first = next(name for name, value in mapping.items() if value in unknown)
        raise unknown_exercises(str(truncate(first)), unknown)
    return [
        {"name": name}
        | (_nothing() | {"why": NEW} if isinstance(value, str) else _found(LEARNED, known[value]))
        for name, value in mapping.items()
    ]


def set_mapping(send: Send, user_id: int, import_id: int, rows: list[dict[str, Any]]) -> None:
    """Store what :func:`chosen_rows` has returned, and remember it for other files."""
    send(_MAP, id=import_id, names=json.dumps(rows))
    learn(send, user_id, {row["name"]: row["exercise_id"] for row in rows if row["exercise_id"]})
    new = [key(row["name"]) for row in rows if row["why"] == NEW]
    send(_UNLEARN, user_id=user_id, names=new)


def learn(send: Send, user_id: int, chosen: Mapping[str, int]) -> None:
    """Remember the exercises that a user has chosen for names."""
    by_key = {key(name): exercise_id for name, exercise_id in chosen.items()}
    send(_LEARN, user_id=user_id, names=[*by_key], exercise_ids=[*by_key.values()])


def _learned(tools: Tools, user_id: int, names: list[str]) -> dict[str, dict[str, Any]]:
    """Return what the user has chosen before, by the names in the file."""
    keys = sorted({key(name) for name in names})
    chosen = dict(tools.database.fetch(_LEARNED_BEFORE, user_id=user_id, names=keys))
    # an exercise may be deleted or archived since
    known = tools.known(user_id, {*chosen.values()})
    return {
        name: _found(LEARNED, known[chosen[key(name)]])
        for name in names
        if chosen.get(key(name)) in known
    }


def _asked(
    tools: Tools,
    user_id: int,
    names: Mapping[str, NameSummary],
    before_each: Callable[[], None],
) -> dict[str, dict[str, Any]]:
    found = {}
    for chunk in _chunks([*names]):
        before_each()
        # the names of our own exports are exercises' own, whatever their measure was then
        measures = [None if names[name].said else names[name].measure for name in chunk]
        asked = [
            {"name": name, "measure": measure}
            for name, measure in zip(chunk, measures, strict=True)
        ]
        answers = tools.exercises.match_names(user_id, asked)
        # a service of the version before answers nothing
        answers += [_nothing()] * (len(chunk) - len(answers))
        for name, answer in zip(chunk, answers, strict=True):
            members = ("why", "exercise_id", "exercise_name", "choices")
            found[name] = {member: answer[member] for member in members}
    return found


def _keep_assistance(
    tools: Tools,
    user_id: int,
    found: dict[str, dict[str, Any]],
    names: Collection[str],
) -> None:
    """Replace exercises that would count what was taken off as if it was lifted."""
    ids = {found[name]["exercise_id"] for name in names} - {None}
    known = tools.known(user_id, ids) if ids else {}
    for name in names:
        entry = known.get(found[name]["exercise_id"])
        if entry is not None and entry["measure"] != ASSISTED and found[name]["why"] != LEARNED:
            found[name] = _nothing() | {"why": NEW, "choices": [_choice(entry)]}


def _private(
    tools: Tools, user_id: int, found: dict[str, dict[str, Any]], names: Collection[str]
) -> set[str]:
    """Return those of some names that were found to be private exercises."""
    ids = {found[name]["exercise_id"] for name in names} - {None}
    # archived ones, too: no other may have their names
    entries = tools.entries_of(user_id, ids) if ids else {}
    return {name for name in names if entries.get(found[name]["exercise_id"], {}).get("owner")}


def _keep_own(
    tools: Tools, user_id: int, found: dict[str, dict[str, Any]], names: Collection[str]
) -> None:
    """Replace exercises of the catalogue by private ones, as those of our own export were."""
    ids = {found[name]["exercise_id"] for name in names} - {None}
    # archived ones, too: no other may have their names
    entries = tools.entries_of(user_id, ids) if ids else {}
    for name in names:
        entry = entries.get(found[name]["exercise_id"])
        why = found[name]["why"]
        if why != LEARNED and not (why == EXACT and entry and entry.get("owner")):
            choices = [_choice(entry)] if entry else found[name]["choices"]
            found[name] = _nothing() | {"why": NEW, "choices": choices}


def _found(why: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "why": why,
        "exercise_id": entry["id"],
        "exercise_name": entry["name"],
        "choices": [],
    }


def _choice(entry: dict[str, Any]) -> dict[str, Any]:
    return {"id": entry["id"], "name": entry["name"]}


def _nothing() -> dict[str, Any]:
    return {"why": ASK, "exercise_id": None, "exercise_name": None, "choices": []}


def _chunks(names: list[str]) -> Iterator[list[str]]:
    for place in range(0, len(names), MOST_IN_A_CALL):
        yield names[place : place + MOST_IN_A_CALL]
