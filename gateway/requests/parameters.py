"""The parameters of a request: path, query and the idempotency key."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from schemas.constraints import excerpt
from schemas.errors import FaultyInput, InvalidParameter, fault
from schemas.idempotency import IDEMPOTENCY_KEY, LONGEST_KEY, is_idempotency_key
from schemas.loading import Parameters, load
from services.transport.http import HttpRequest

MOST_PARAMETERS = 100
LONGEST_SHARED = 200
"""Characters of a query whose checked values are cached."""


class NoParameters(Parameters):
    """The schema of a route without a query, or without a value in its path."""


@dataclass(frozen=True)
class CheckedParameters:
    """Parameters that have been checked, as plain JSON values that an RPC can carry.

    Requests with the same path and query share one, so it must not be changed.
    """

    path: dict[str, Any]
    query: dict[str, Any]
    idempotency_key: str | None = None


def check_parameters(
    request: HttpRequest,
    path_schema: Parameters,
    query_schema: Parameters,
    *,
    takes_key: bool = False,
) -> CheckedParameters:
    """Check all parameters of a request.

    Args:
        request: the request.
        path_schema: of the values in the path.
        query_schema: of the query.
        takes_key: whether the route takes an ``Idempotency-Key``.

    Raises:
        InvalidParameter: with the faults of all of them at once.
    """
    if takes_key or len(request.query) > LONGEST_SHARED:
        given = request.headers(IDEMPOTENCY_KEY) if takes_key else []
        return _check(path_schema, request.path_values, query_schema, request.query, given)
    in_path = tuple(request.path_values.items())
    return _check_shared(path_schema, in_path, query_schema, request.query)


@lru_cache(maxsize=1000)
def _check_shared(
    path_schema: Parameters,
    in_path: tuple[tuple[str, str], ...],
    query_schema: Parameters,
    query: str,
) -> CheckedParameters:
    return _check(path_schema, dict(in_path), query_schema, query, [])


def _check(
    path_schema: Parameters,
    path_values: dict[str, str],
    query_schema: Parameters,
    query: str,
    keys: list[str],
) -> CheckedParameters:
    faults: list[dict] = []
    path = _load(path_schema, path_values, faults)
    query_values = _load(query_schema, _parse_query(query, faults), faults)
    key = _check_key(keys, faults)
    if faults:
        raise InvalidParameter.of(*faults)
    return CheckedParameters(path, query_values, key)


def split_query(query: str) -> list[tuple[str, str]]:
    """Return names and values of a query, in order, with U+FFFD for what is not UTF-8."""
    return [(_decode(name), _decode(value)) for name, value in _pairs(query)]


def _load(schema: Parameters, given: dict[str, str], faults: list[dict]) -> dict:
    named = {entry.get("field") for entry in faults}
    try:
        values = load(schema, given)
    except FaultyInput as problem:
        faults += [entry for entry in problem.faults if entry.get("field") not in named]
        return {}
    # an RPC can't carry a date; dates and lists are sent as they were written, for the service that
    # owns the rule parses them again
    return {
        name: value if isinstance(value, int | str) else given[name]
        for name, value in values.items()
        if value is not None
    }


def _parse_query(query: str, faults: list[dict]) -> dict[str, str]:
    pairs = _pairs(query)
    if len(pairs) > MOST_PARAMETERS:
        message = f"There must be at most {MOST_PARAMETERS} parameters"
        faults.append(
            fault("", message, "max_items", max_items=MOST_PARAMETERS, received=len(pairs))
        )
        return {}
    values: dict[str, list[str]] = {}
    for raw_name, raw_value in pairs:
        name = _decode(raw_name)
        values.setdefault(name, []).append(_decode(raw_value))
        if not (_is_text(raw_name) and _is_text(raw_value)):
            faults.append(fault(name, f"{name} is not UTF-8", "characters"))
    faults += [
        fault(name, f"{name} is given more than once", "repeated", received=[*map(excerpt, given)])
        for name, given in values.items()
        if len(given) > 1
    ]
    refused = {entry["field"] for entry in faults if "field" in entry}
    return {name: given[0] for name, given in values.items() if name not in refused}


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = [piece.partition("=") for piece in query.split("&") if piece]
    return [(name, value) for name, _, value in pairs]


def _bytes(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1"))


def _decode(text: str) -> str:
    return _bytes(text).decode("utf-8", "replace")


def _is_text(text: str) -> bool:
    try:
        _bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _check_key(given: list[str], faults: list[dict]) -> str | None:
    if not given:
        return None
    key = given[0]
    problem = _key_problem(given, key)
    if problem:
        message, constraint, details = problem
        faults.append(fault(IDEMPOTENCY_KEY, message, constraint, **details))
    return key


def _key_problem(given: list[str], key: str) -> tuple[str, str, dict] | None:
    if len(given) > 1:
        return f"{IDEMPOTENCY_KEY} is given more than once", "repeated", {}
    if not key:
        return f"{IDEMPOTENCY_KEY} is empty", "min_length", {"required": 1, "received": 0}
    if len(key) > LONGEST_KEY:
        message = f"{IDEMPOTENCY_KEY} must be at most {LONGEST_KEY} characters"
        return message, "max_length", {"max_length": LONGEST_KEY, "received": len(key)}
    if not is_idempotency_key(key):
        message = f"{IDEMPOTENCY_KEY} must consist of visible ASCII characters"
        return message, "characters", {"received": excerpt(key)}
    return None
