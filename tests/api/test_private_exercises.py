"""Exercises of one's own over HTTP: seen by their owner alone, through any gateway."""

import itertools

import pytest
import requests

from gateway.openapi import examples
from tests.api.http_client import Client
from tests.faults.deputies import instead_of
from tests.waiting import eventually

NEW = {"name": "Gorilla Row", "measure": "weight_reps", "equipment": "kettlebell"}
LISTS = (
    "/api/exercises?limit=100&equipment=kettlebell",
    "/api/exercises?search=gorilla",
    "/api/exercises/search?q=gorilla%20row",
)
FACETS = "/api/exercises/facets?equipment=kettlebell"
TODAY = "2026-11-20"


def data(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


@pytest.fixture
def owner(new_user):
    return new_user()


@pytest.fixture
def stranger(new_user):
    return new_user()


@pytest.fixture(scope="module")
def another_gateway(system):
    address = system.start_another("gateway", "gateway-of-private-exercises")
    yield Client(f"http://{address}", requests.Session())
    system.stop("gateway-of-private-exercises")


def make(http, user, **changes):
    (made,) = data(http.post("/api/exercises", json=NEW | changes, token=user.token), 201)
    return made


def ids(answer):
    return {exercise["id"] for exercise in data(answer)}


def test_it_is_made_and_found_under_its_address(http, owner):
    answer = http.post("/api/exercises", json=NEW, token=owner.token)
    (made,) = data(answer, 201)
    assert answer.headers["Location"] == f"/api/exercises/{made['id']}"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert made.pop("details") == {"similar": []}
    shown = http.get(answer.headers["Location"], token=owner.token)
    assert data(shown) == [made]
    assert (made["owner"], made["external_source"]) == ("me", "private")
    assert shown.headers["Cache-Control"] == "private, no-store"


def test_a_similar_one_is_told(http, owner):
    made = make(http, owner, name="Kettlebell Swing")
    assert made["details"]["similar"][0]["name"] == "Kettlebell Swing"


class Looks:
    """What somebody is shown by two gateways, asked again and again so that all is cached."""

    TIMES = 3

    def __init__(self, *gateways):
        self.gateways = gateways

    def all(self, path, token):
        return [
            data(gateway.get(path, token=token))
            for gateway in self.gateways
            for _ in range(self.TIMES)
        ]

    def one(self, path, token):
        """Return what is the same each time."""
        first, *rest = self.all(path, token)
        assert rest == [first] * len(rest)
        return first

    def find(self, path, token, exercise_id):
        """Wait until each gateway's list has an exercise."""
        for gateway in self.gateways:
            eventually(
                lambda gateway=gateway: exercise_id in ids(gateway.get(path, token=token)),
                seconds=2,
            )


def count_of(facets, value):
    return next(item["count"] for item in facets[0]["equipment"] if item["value"] == value)


@pytest.mark.slow
def test_everything_is_kept_apart_between_two_users_and_two_gateways(
    http, another_gateway, owner, stranger
):
    looks = Looks(http, another_gateway)
    others = (None, stranger.token)
    before = {path: looks.one(path, None) for path in (*LISTS, FACETS)}
    for path, token in itertools.product(before, (stranger.token, owner.token)):
        # all that follows could be answered from what is cached now
        assert looks.one(path, token) == before[path]

    made = make(http, owner)
    for path in LISTS:
        looks.find(path, owner.token, made["id"])
        shown = looks.one(path, owner.token)
        assert [each["id"] for each in shown if each["owner"] == "me"] == [made["id"]]
        assert [each for each in shown if each["owner"] != "me"] == before[path]
    facets = looks.one(FACETS, owner.token)
    assert count_of(facets, "kettlebell") == count_of(before[FACETS], "kettlebell") + 1

    path_of_it = f"/api/exercises/{made['id']}"
    assert looks.one(path_of_it, owner.token)[0]["id"] == made["id"]
    for path, token in itertools.product(before, others):
        assert looks.one(path, token) == before[path]
    for gateway, token in itertools.product((http, another_gateway) * 3, others):
        assert gateway.get(path_of_it, token=token).status_code == 404


def test_a_change_is_seen_at_once_through_both_gateways(http, another_gateway, owner):
    made = make(http, owner)
    path = f"/api/exercises/{made['id']}"
    listed = "/api/exercises?mine=true"
    for gateway in (http, another_gateway):
        # from here on both know that this user has exercises
        eventually(lambda gateway=gateway: data(gateway.get(listed, token=owner.token)))
    writers = (http, another_gateway) * 5
    for number, writer in enumerate(writers):
        name = f"Row {number}"
        (changed,) = data(writer.put(path, json={"name": name}, token=owner.token))
        assert changed["name"] == name
        for reader in (another_gateway, http):
            for _ in range(2):
                assert data(reader.get(path, token=owner.token))[0]["name"] == name
                assert data(reader.get(listed, token=owner.token))[0]["name"] == name
    data(another_gateway.delete(path, token=owner.token))
    for reader in (http, another_gateway):
        assert data(reader.get(listed, token=owner.token)) == []
        assert reader.get(path, token=owner.token).status_code == 404


def test_the_first_one_is_seen_at_once_where_it_was_made(http, owner):
    listed = "/api/exercises?limit=100&equipment=kettlebell"
    for _ in range(3):
        before = ids(http.get(listed, token=owner.token))
    made = make(http, owner)
    for _ in range(3):
        assert ids(http.get(listed, token=owner.token)) == before | {made["id"]}


def test_the_first_one_is_seen_under_its_id_at_once_through_another_gateway(
    http, another_gateway, owner
):
    for _ in range(3):
        data(another_gateway.get("/api/exercises?limit=1", token=owner.token))
    made = make(http, owner)
    path = f"/api/exercises/{made['id']}"
    for _ in range(3):
        assert ids(another_gateway.get(path, token=owner.token)) == {made["id"]}


def test_one_s_own_can_be_listed_alone(http, owner, stranger):
    made = make(http, owner)
    other = make(http, owner, name="Other", measure="duration", equipment=None)
    mine = http.get("/api/exercises?mine=true&sort=created_at:desc", token=owner.token)
    assert [each["id"] for each in data(mine)] == [other["id"], made["id"]]
    assert mine.json()["meta"]["page"]["total_items"] == 2
    found = http.get("/api/exercises/search?q=gorilla&mine=true", token=owner.token)
    assert ids(found) == {made["id"]}
    (facets,) = data(http.get("/api/exercises/facets?mine=true", token=owner.token))
    assert facets["category"] == [{"value": "strength", "count": 2}]
    for token in (None, "nonsense", stranger.token):
        assert data(http.get("/api/exercises?mine=true", token=token)) == []
    answer = http.get("/api/exercises?mine=yes", token=owner.token)
    assert answer.json()["errors"][0]["details"]["constraint"] == "one_of"


def test_a_revoked_token_shows_the_catalogue_alone(http, owner):
    made = make(http, owner)
    path = "/api/exercises?limit=100&equipment=kettlebell"
    for _ in range(3):
        assert made["id"] in ids(http.get(path, token=owner.token))
    data(http.post("/api/users/logout", token=owner.token))
    for _ in range(3):
        assert made["id"] not in ids(http.get(path, token=owner.token))
        assert http.get(f"/api/exercises/{made['id']}", token=owner.token).status_code == 404


def test_an_administrator_sees_nobody_s(http, owner, admin_token):
    made = make(http, owner)
    assert http.get(f"/api/exercises/{made['id']}", token=admin_token).status_code == 404
    for answer in (http.delete, http.put):
        options = {"json": {}} if answer == http.put else {}
        refused = answer(f"/api/exercises/{made['id']}", token=admin_token, **options)
        assert refused.status_code == 404


def test_a_name_twice_is_a_409(http, owner):
    made = make(http, owner)
    answer = http.post("/api/exercises", json=NEW | {"name": "GORILLA row"}, token=owner.token)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (409, "CONFLICT")
    assert error["details"]["exercise_id"] == made["id"]


def log(http, user, exercise_id):
    sets = [{"reps": 8, "weight": 24}]
    body = {"date": TODAY, "exercises": [{"exercise_id": exercise_id, "sets": sets}]}
    return http.post("/api/workouts", json=body, token=user.token)


def test_it_can_be_logged_by_its_owner_alone(http, owner, stranger):
    made = make(http, owner)
    (workout,) = data(log(http, owner, made["id"]), 201)
    assert workout["exercises"][0]["exercise_name"] == "Gorilla Row"
    refused = [log(http, stranger, exercise_id) for exercise_id in (made["id"], 2**53)]
    assert [answer.status_code for answer in refused] == [422, 422]
    assert {error["code"] for answer in refused for error in answer.json()["errors"]} == {
        "BUSINESS_RULE_VIOLATION"
    }


def test_one_in_use_is_archived_and_not_deleted(http, owner):
    made = make(http, owner)
    path = f"/api/exercises/{made['id']}"
    data(log(http, owner, made["id"]), 201)
    answer = http.delete(path, token=owner.token)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["details"]) == (422, {"workouts": 1})
    (archived,) = data(http.post(f"{path}/archive", token=owner.token))
    assert archived["is_active"] is False
    assert data(http.get("/api/exercises?mine=true", token=owner.token)) == []
    assert log(http, owner, made["id"]).status_code == 422
    (restored,) = data(http.post(f"{path}/restore", token=owner.token))
    assert restored["is_active"] is True
    data(log(http, owner, made["id"]), 201)


def test_numbers_of_others_do_not_tell_its_name(http, owner, stranger):
    made = make(http, owner)
    path = f"/api/stats/exercise/{made['id']}/history"
    assert data(http.get(path, token=owner.token))[0]["exercise_name"] == "Gorilla Row"
    assert http.get(path, token=stranger.token).status_code == 404
    data(log(http, owner, made["id"]), 201)
    assert http.get(path, token=stranger.token).status_code == 404


@pytest.mark.parametrize("numbers", ["records", "rep-maxes", "history"])
def test_there_are_numbers_of_one_that_was_never_done(http, owner, stranger, numbers):
    made = make(http, owner)
    path = f"/api/stats/exercise/{made['id']}/{numbers}"
    assert data(http.get(path, token=owner.token))[0]["exercise_name"] == "Gorilla Row"
    assert http.get(path, token=stranger.token).status_code == 404


def test_a_new_name_is_shown_everywhere(http, owner):
    made = make(http, owner)
    (workout,) = data(log(http, owner, made["id"]), 201)
    paths = (
        f"/api/workouts/{workout['id']}",
        f"/api/stats/exercise/{made['id']}/history?range=all",
        "/api/stats/personal-records",
    )

    def names():
        shown, history, records = (data(http.get(path, token=owner.token))[0] for path in paths)
        return [
            shown["exercises"][0]["exercise_name"],
            history["exercise_name"],
            *(record["exercise_name"] for record in records["records"]),
        ]

    eventually(lambda: names() == ["Gorilla Row"] * 3)
    for name in ("Silverback Row", "Gorilla Row"):
        path = f"/api/exercises/{made['id']}"
        data(http.put(path, json={"name": name}, token=owner.token))
        eventually(lambda name=name: names() == [name] * 3, seconds=3)


# merged into another

TOGETHER = "/api/exercises/last?ids={source},{target}"
MERGED_PATHS = (
    "/api/exercises/{source}",
    "/api/exercises?mine=true&limit=100",
    "/api/exercises/search?q=gorilla",
    "/api/workouts/{workout}",
    "/api/workouts",
    TOGETHER,
)


def merge(http, user, exercise_id, into):
    path = f"/api/exercises/{exercise_id}/merge"
    return http.post(path, json={"into": into}, token=user.token)


@pytest.mark.slow
def test_a_merge_is_seen_at_once_through_both_gateways(http, another_gateway, owner, stranger):
    gateways = (http, another_gateway)
    source, target = make(http, owner), make(http, owner, name="Silverback Row")
    (workout,) = data(log(http, owner, source["id"]), 201)
    ids_ = {"source": source["id"], "target": target["id"], "workout": workout["id"]}
    paths = [path.format(**ids_) for path in MERGED_PATHS]
    for gateway in gateways:
        # from here on both know that this user has exercises
        eventually(lambda gateway=gateway: data(gateway.get(paths[1], token=owner.token)))
    looks = Looks(*gateways)
    for path in paths:
        looks.one(path, owner.token)
    unlike = looks.one("/api/exercises/search?q=gorilla", stranger.token)

    (merged,) = data(merge(http, owner, source["id"], target["id"]))
    assert (merged["merged_into"], merged["is_active"]) == (target["id"], False)
    by_id, mine, found, whole, listed, last = (looks.one(path, owner.token) for path in paths)
    assert by_id == [merged]
    assert [each["id"] for each in mine] == [target["id"]]
    assert source["id"] not in [each["id"] for each in found]
    assert [each["exercise_id"] for each in whole[0]["exercises"]] == [target["id"]]
    assert whole[0]["exercises"][0]["exercise_name"] == "Silverback Row"
    assert listed[0]["version"] == whole[0]["version"] == 2
    assert [each["exercise_id"] for each in last] == [target["id"]]

    assert looks.one("/api/exercises/search?q=gorilla", stranger.token) == unlike
    for gateway, token in itertools.product(gateways, (None, stranger.token)):
        assert gateway.get(f"/api/exercises/{source['id']}", token=token).status_code == 404
    assert merge(http, stranger, source["id"], 1).status_code == 404

    def counted():
        path = f"/api/stats/exercise/{target['id']}/records"
        found = [data(gateway.get(path, token=owner.token))[0] for gateway in gateways]
        return [len(each["records"]) for each in found] == [5, 5]

    eventually(counted)


def test_a_merged_one_can_not_be_logged(http, owner):
    source = make(http, owner)
    data(merge(http, owner, source["id"], 1))
    answer = log(http, owner, source["id"])
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["details"]) == (
        422,
        {"exercise_ids": [source["id"]], "merged": [{"exercise_id": source["id"], "into": 1}]},
    )
    path = f"/api/exercises/{source['id']}"
    for refused in (
        http.put(path, json={"name": "Other"}, token=owner.token),
        http.post(f"{path}/archive", token=owner.token),
        http.post(f"{path}/restore", token=owner.token),
        merge(http, owner, source["id"], 2),
    ):
        (error,) = refused.json()["errors"]
        expected = {"constraint": "not_merged", "merged_into": 1}
        assert (refused.status_code, error["details"]) == (422, expected)
    assert data(merge(http, owner, source["id"], 1))[0]["merged_into"] == 1
    assert data(http.delete(path, token=owner.token)) == [{"id": source["id"], "deleted": True}]


@pytest.mark.parametrize(
    ("body", "field", "constraint"),
    [
        ({}, "into", "required"),
        ({"into": None}, "into", "required"),
        ({"into": "1"}, "into", "type"),
        ({"into": -1}, "into", "min"),
        ({"into": 1, "user_id": 1}, "user_id", "unknown_field"),
    ],
)
def test_the_body_of_a_merge_is_checked(http, owner, body, field, constraint):
    path = f"/api/exercises/{make(http, owner)['id']}/merge"
    answer = http.post(path, json=body, token=owner.token)
    (error,) = answer.json()["errors"]
    assert answer.status_code == 400
    assert (error["field"], error["details"]["constraint"]) == (field, constraint)


def test_what_can_not_be_merged_is_said_with_field_and_rule(http, owner, stranger):
    source, theirs = make(http, owner), make(http, stranger)
    archived = make(http, owner, name="Archived")
    data(http.post(f"/api/exercises/{archived['id']}/archive", token=owner.token))
    refused = {
        source["id"]: "another",
        118: "measure",
        theirs["id"]: "exists",
        2**53: "exists",
        archived["id"]: "active",
    }
    for into, constraint in refused.items():
        answer = merge(http, owner, source["id"], into)
        (error,) = answer.json()["errors"]
        found = (answer.status_code, error["field"], error["details"]["constraint"])
        assert found == (422, "into", constraint)
    answer = merge(http, owner, 1, source["id"])
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["details"]) == (422, {"constraint": "own"})
    assert "only one of your own" in error["message"]


@pytest.mark.slow
def test_a_merge_that_goes_on_is_a_202(system, http, owner):
    source = make(http, owner)
    (workout,) = data(log(http, owner, source["id"]), 201)
    system.stop("workouts")
    try:
        answer = merge(http, owner, source["id"], 1)
        (begun,) = data(answer, 202)
        assert (begun["merged_into"], begun["is_active"]) == (None, False)
        assert answer.headers["Location"] == f"/api/exercises/{source['id']}"
        assert data(http.get(answer.headers["Location"], token=owner.token)) == [begun]
    finally:
        system.start("workouts")
    wait_until_merged(http, owner, source["id"], workout["id"])


def wait_until_merged(http, owner, exercise_id, workout_id, into=1):
    path = f"/api/exercises/{exercise_id}"
    eventually(lambda: data(http.get(path, token=owner.token))[0]["merged_into"] == into)
    (workout,) = data(http.get(f"/api/workouts/{workout_id}", token=owner.token))
    assert [each["exercise_id"] for each in workout["exercises"]] == [into]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["exercises.merge_noted", "exercises.merge_moved"])
def test_a_merge_goes_on_when_its_process_has_died(system, http, owner, place):
    source = make(http, owner)
    (workout,) = data(log(http, owner, source["id"]), 201)
    with instead_of(system, "exercises", f"{place}:exit:1") as deputy:
        assert merge(http, owner, source["id"], 1).status_code in (503, 504)
        # the timer brings the next process there, too, so it may be down at any moment
        eventually(lambda: system.supervisor.restarts().get(deputy, 0) >= 1, seconds=40)
    wait_until_merged(http, owner, source["id"], workout["id"])
    assert data(merge(http, owner, source["id"], 1))[0]["merged_into"] == 1


# noted of the catalogue's

NOTED_PATHS = (
    "/api/exercises/2",
    "/api/exercises?limit=100&equipment=barbell",
    "/api/exercises/search?q=barbell&limit=100",
)


def note(http, user, exercise_id=2, **changes):
    path = f"/api/exercises/{exercise_id}/mine"
    return http.put(path, json=changes, token=user.token)


@pytest.mark.slow
def test_what_one_notes_is_kept_apart_between_two_users_and_two_gateways(
    http, another_gateway, owner, stranger
):
    looks = Looks(http, another_gateway)
    # the stranger sees more than others, too
    note(http, stranger, 3, notes="Theirs")
    before = {path: looks.one(path, None) for path in NOTED_PATHS}
    for path in before:
        looks.all(path, owner.token)

    def notes(shown):
        found = {each["id"]: each["mine"] and each["mine"]["notes"] for each in shown}
        return {key: text for key, text in found.items() if text is not None}

    for number, writer in enumerate((http, another_gateway) * 2):
        data(note(writer, owner, notes=f"Note {number}"))
        for path in NOTED_PATHS:
            if number == 0:
                # the other gateway has not heard yet that this user sees more
                eventually(
                    lambda path=path: notes(data(another_gateway.get(path, token=owner.token)))
                )
            assert notes(looks.one(path, owner.token)) == {2: f"Note {number}"}
            assert looks.one(path, None) == before[path]
    for path in NOTED_PATHS:
        for shown in looks.all(path, stranger.token):
            assert notes(shown).items() <= {3: "Theirs"}.items()
    data(note(http, owner, notes=None))
    for path in NOTED_PATHS:
        assert looks.one(path, owner.token) == before[path]


def test_what_one_notes_first_is_seen_at_once_where_it_was_noted(http, owner):
    for _ in range(3):
        assert data(http.get("/api/exercises/2", token=owner.token))[0]["mine"] is None
    (noted,) = data(note(http, owner, primary_muscles=["quadriceps"]))
    for _ in range(3):
        answer = http.get("/api/exercises/2", token=owner.token)
        assert data(answer) == [noted]
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_of_one_s_own_exercise_nothing_is_noted(http, owner, stranger):
    made = make(http, owner)
    answer = note(http, owner, made["id"], notes="x")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["details"]) == (422, {"constraint": "not_own"})
    assert note(http, stranger, made["id"], notes="x").status_code == 404
    answer = note(http, owner, notes=5)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["details"]["constraint"]) == (
        *(400, "notes"),
        "type",
    )


def test_the_example_of_a_note_is_real(http, owner):
    path = f"/api/exercises/{examples.NOTED_EXERCISE['id']}/mine"
    (noted,) = data(http.put(path, json=examples.OWN_DETAILS, token=owner.token))
    assert alike(noted) == alike(examples.NOTED_EXERCISE)


# the documentation


def alike(exercise):
    volatile = ("id", "created_at", "updated_at")
    return {name: value for name, value in exercise.items() if name not in volatile}


def test_the_examples_are_real(http, owner):
    answer = http.post("/api/exercises", json=examples.NEW_EXERCISE, token=owner.token)
    (made,) = data(answer, 201)
    assert alike(made) == alike(examples.MADE_EXERCISE)
    path = f"/api/exercises/{made['id']}"
    (shown,) = data(http.get(path, token=owner.token))
    assert alike(shown) == alike(examples.PRIVATE_EXERCISE)
    (changed,) = data(http.put(path, json=examples.EXERCISE_CHANGES, token=owner.token))
    assert alike(changed) == alike(examples.CHANGED_EXERCISE)
    (archived,) = data(http.post(f"{path}/archive", token=owner.token))
    assert alike(archived) == alike(examples.ARCHIVED_EXERCISE)
    (restored,) = data(http.post(f"{path}/restore", token=owner.token))
    assert alike(restored) == alike(examples.CHANGED_EXERCISE)
    into = examples.MERGE_TARGET
    (merged,) = data(http.post(f"{path}/merge", json=into, token=owner.token))
    assert alike(merged) == alike(examples.MERGED_EXERCISE)
    (deleted,) = data(http.delete(path, token=owner.token))
    assert deleted == {"id": made["id"], "deleted": True}
