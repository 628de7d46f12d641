"""Requests made up from the document: whatever comes, the answer is one that it knows."""

import uuid

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.described import described
from tests.api.http_client import ENDLESS, SECONDS

SEED = 20250216
EXAMPLES = settings().max_examples * 2 // 5
"""Requests made up for each operation, and as many that break its rules."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


ANY_TEXT = {"type": "string"}


def has_rules(operation):
    """Tell whether there is anything that a request could break."""
    raw = operation.definition.raw
    parameters = [each for each in raw.get("parameters", []) if each["schema"] != ANY_TEXT]
    return bool(parameters or raw.get("requestBody") or raw.get("security"))


def kinds():
    schema = schemathesis.openapi.from_dict(described().document)
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in ENDLESS:
            continue
        yield pytest.param(
            operation, GenerationMode.POSITIVE, id=f"{operation.label} as it must be"
        )
        if has_rules(operation):
            yield pytest.param(operation, GenerationMode.NEGATIVE, id=f"{operation.label} broken")


@pytest.fixture
def token(http):
    """Of somebody of whom nobody else has heard: some of these requests sign out."""
    body = {"email": f"made-up-{uuid.uuid4().hex[:16]}@example.com", "password": uuid.uuid4().hex}
    return http.post("/api/users/register", json=body).json()["data"][0]["token"]


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "mode"), [*kinds()])
def test_every_answer_is_known(http, token, operation, mode):
    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case):
        answer = case.call(
            base_url=http.base_url,
            session=http.session,
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        case.validate_response(answer, checks=CHECKS)

    send()
