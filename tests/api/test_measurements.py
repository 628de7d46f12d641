"""Measurements of the body over HTTP, on the whole running system."""

import uuid

import pytest

PATH = "/api/measurements"
WEIGHT = {
    "kind": "weight",
    "value": 82.4,
    "unit": "kg",
    "measured_at": "2025-02-16T07:30:00+01:00",
    "external_id": "scale-1042",
}


@pytest.fixture
def user(new_user):
    return new_user()


def save(http, user, **more):
    return http.post(PATH, json=WEIGHT | more, token=user.token)


def first(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()["data"][0]


def test_from_the_first_to_the_last_of_one(http, user):
    answer = save(http, user)
    made = first(answer, 201)
    path = f"{PATH}/{made['id']}"
    assert answer.headers["Location"] == path
    assert made == made | WEIGHT
    assert first(http.get(path, token=user.token)) == made

    changed = first(http.put(path, json={"value": 81.95, "external_id": None}, token=user.token))
    assert (changed["value"], changed["external_id"], changed["version"]) == (81.95, None, 2)
    assert first(http.get(path, token=user.token)) == changed

    deleted = first(http.delete(path, token=user.token))
    assert deleted == {"id": made["id"], "deleted": True}
    for answer in (
        http.get(path, token=user.token),
        http.put(path, json={"value": 80}, token=user.token),
        http.delete(path, token=user.token),
    ):
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_same_external_id_changes(http, user, method):
    made = first(http.request(method, PATH, json=WEIGHT, token=user.token), 201)
    answer = http.request(method, PATH, json=WEIGHT | {"value": 81}, token=user.token)
    changed = first(answer, 200)
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert (changed["id"], changed["value"], changed["version"]) == (made["id"], 81, 2)
    assert http.get(PATH, token=user.token).json()["data"] == [changed]


def test_deleting_by_the_external_id(http, user):
    weight = first(save(http, user), 201)
    fat = first(save(http, user, kind="fat", value=18.5, unit="%"), 201)
    query = {"external_id": WEIGHT["external_id"]}
    answer = http.request("DELETE", PATH, params=query, token=user.token)
    deleted = [{"id": each["id"], "deleted": True} for each in (weight, fat)]
    assert answer.json()["data"] == deleted
    assert http.request("DELETE", PATH, params=query, token=user.token).status_code == 404
    # and never all of them
    assert http.request("DELETE", PATH, token=user.token).status_code == 400


def test_a_page_of_the_list(http, user):
    for day in range(10, 17):
        save(http, user, measured_at=f"2025-02-{day}T07:30:00Z", external_id=None, value=day)
    save(http, user, kind="waist", unit="cm", value=85)
    query = {"kind": "weight", "date_from": "2025-02-11", "limit": 4}
    answer = http.get(PATH, params=query, token=user.token)
    assert [item["value"] for item in answer.json()["data"]] == [16, 15, 14, 13]
    assert answer.json()["meta"]["page"]["total_items"] == 6
    assert 'rel="next"' in answer.headers["Link"]
    again = http.get(
        PATH, params=query, token=user.token, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_faults_name_their_fields(http, user):
    body = {"kind": "waist", "value": 5, "unit": "cm", "mood": 1}
    answer = http.post(PATH, json=body, token=user.token)
    assert answer.status_code == 400
    found = {error["field"]: error["details"]["constraint"] for error in answer.json()["errors"]}
    assert found == {"value": "min", "measured_at": "required", "mood": "unknown_field"}


def test_a_change_must_fit_what_is_there(http, user):
    made = first(save(http, user), 201)
    answer = http.put(f"{PATH}/{made['id']}", json={"kind": "fat"}, token=user.token)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "unit")
    assert error["details"] == {"constraint": "one_of", "allowed": ["%"], "received": "kg"}


def test_the_future_is_refused(http, user):
    answer = save(http, user, measured_at="2999-01-01T00:00:00Z")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["details"]["constraint"]) == ("measured_at", "max")


def test_somebody_elses_looks_as_a_missing_one_does(http, user, new_user, admin_token):
    made = first(save(http, user, external_id=uuid.uuid4().hex), 201)
    for token in (new_user().token, admin_token):
        for method, body in (("GET", None), ("PUT", {"value": 80}), ("DELETE", None)):
            answers = [
                http.request(
                    method,
                    f"{PATH}/{id_}",
                    json=body,
                    token=token,
                    headers={"X-Request-ID": "same"},
                )
                for id_ in (made["id"], 2**63 - 1)
            ]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].json()["errors"] == answers[1].json()["errors"]
    assert first(http.get(f"{PATH}/{made['id']}", token=user.token)) == made
