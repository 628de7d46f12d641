"""Every route with a personal access token of each scope, on the whole running system."""

import pytest

from schemas.scopes import SCOPES
from tests.security.routes import SCOPE_OF, TABLE
from tests.security.test_routes import Stage, stage  # noqa: F401

SIGNED_IN = [route for route, row in TABLE.items() if row["none"] == 401]
FOR_ANYBODY = [route for route in SCOPE_OF if route not in SIGNED_IN]


@pytest.fixture
def make_token(stage):  # noqa: F811
    """Make a personal access token of the owner with some scopes."""

    def make(*scopes):
        body = {"name": "Script", "scopes": scopes}
        answer = stage.http.post("/api/users/me/tokens", body, token=stage.owner.token())
        assert answer.status_code == 201, answer.text
        return answer.json()["data"][0]["token"]

    return make


@pytest.mark.slow
@pytest.mark.parametrize("route", SIGNED_IN)
def test_a_token_is_good_for_the_routes_of_its_scopes_alone(stage, make_token, route):  # noqa: F811
    needed = SCOPE_OF.get(route)
    others = [scope for scope in SCOPES if scope != needed]
    # first without, so that nothing has changed when it is refused
    for scopes in (*([scope] for scope in others), others):
        answer = stage.ask(route, stage.thing(route, "owner"), make_token(*scopes))
        assert answer.status_code == 403, scopes
        (error,) = answer.json()["errors"]
        if needed is None:
            assert "personal access token" in error["message"]
        else:
            assert needed in error["message"]
            assert error["details"]["missing_scope"] == needed
        assert answer.json()["data"] == []
    if needed is not None:
        answer = stage.ask(route, stage.thing(route, "owner"), make_token(needed))
        assert answer.status_code == TABLE[route]["owner"]


@pytest.mark.parametrize("route", FOR_ANYBODY)
def test_a_token_without_the_scope_gets_what_anybody_gets(stage, make_token, route):  # noqa: F811
    stage.new_exercise()
    without = make_token(*(scope for scope in SCOPES if scope != SCOPE_OF[route]))
    with_it, answers = make_token(SCOPE_OF[route]), []
    for token in (None, without, with_it):
        # twice, as the second may be cached
        stage.ask(route, 1, token)
        answers.append(stage.ask(route, 1, token))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    nobody, other, owner = (answer.json() for answer in answers)
    assert other["data"] == nobody["data"]
    if route == "GET /api/exercises":
        more, all_of_them = (one["meta"]["page"]["total_items"] for one in (owner, nobody))
        assert more == all_of_them + 1


def test_a_cached_answer_is_for_tokens_with_the_scope_alone(stage, make_token):  # noqa: F811
    stage.new_workout()
    reading, others = make_token("workouts:read"), make_token("stats:read")
    for token in (stage.owner.token(), reading):
        for _ in range(3):
            assert len(stage.http.get("/api/workouts", token=token).json()["data"]) == 1
        for _ in range(3):
            assert stage.http.get("/api/workouts", token=others).status_code == 403


def test_a_token_of_an_administrator_is_a_user_s(stage):  # noqa: F811
    token = stage.administrator.token()
    body = {"name": "Script", "scopes": SCOPES}
    made = stage.http.post("/api/users/me/tokens", body, token=token).json()["data"][0]["token"]
    their = stage.new_workout()
    for path in (f"/api/workouts/{their}", f"/api/users/{stage.owner.id}", "/api/users"):
        assert stage.http.get(path, token=token).status_code == 200
        assert stage.http.get(path, token=made).status_code in (403, 404)
