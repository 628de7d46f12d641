"""The registry of errors: every class of ours has one status, and an example that it could have."""

import json

import pytest

from gateway.responses.failures import FAILURES, failure_status, status_of
from schemas import errors
from schemas.errors import Conflict, GymError
from services.transport.http.messages import REFUSALS

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type)
    and issubclass(kind, GymError)
    and kind not in (GymError, errors.FaultyInput)
    # others are what they are derived from, to clients
    and "code" in vars(kind)
]


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_has_one_status(kind):
    assert [failed.status for failed in FAILURES if kind in failed.errors] == [
        failure_status(kind).status
    ]


def test_a_subclass_is_answered_as_its_base_and_the_base_of_all_as_a_bug():
    class Duplicate(Conflict):
        pass

    assert status_of(Duplicate("There is one already")) == 409
    assert status_of(GymError()) == 500


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_has_a_code_and_an_example_of_its_own(kind):
    assert [other for other in KINDS if other.code == kind.code] == [kind]
    assert kind is errors.InternalError or "example" in vars(kind)
    entry = kind.example
    if issubclass(kind, errors.FaultyInput):
        made = kind.of(entry)
    else:
        made = kind(entry["message"], json.dumps(entry.get("details", {})))
    assert made.entries() == [{"code": kind.code, **entry}]


def test_what_http_refuses_with_a_status_of_ours_is_none_of_our_codes_with_another_status():
    statuses = {kind.code: failure_status(kind).status for kind in KINDS}
    for status, (code, _) in REFUSALS.items():
        assert statuses.get(code, status) == status
