"""Exercises over HTTP, on the whole running system."""

import pytest

SEEDED = [
    "barbell-bench-press",
    "barbell-squat",
    "barbell-deadlift",
    "pull-ups",
    "running",
    "plank",
]
KNOWN = {
    "id",
    "name",
    "slug",
    "description",
    "instructions",
    "category",
    "primary_muscles",
    "secondary_muscles",
    "equipment",
    "difficulty",
    "rep_type",
    "unit",
    "is_active",
}


def data(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def everything(http, **params):
    found, page = [], 1
    while True:
        answer = http.get("/api/exercises", params=params | {"limit": 100, "page": page})
        found += data(answer)
        if page >= answer.json()["meta"]["page"]["total_pages"]:
            return found
        page += 1


def fault(answer):
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert error["code"] == "INVALID_PARAMETER"
    return error["field"], error["details"]["constraint"]


def test_the_seeds_six_come_first(http):
    shown = [data(http.get(f"/api/exercises/{id_}"))[0] for id_ in range(1, 7)]
    assert [exercise["slug"] for exercise in shown] == SEEDED
    assert [exercise["id"] for exercise in shown] == [1, 2, 3, 4, 5, 6]
    assert set(shown[0]) >= KNOWN


def test_what_their_sets_hold_is_shown(http):
    shown = [data(http.get(f"/api/exercises/{id_}"))[0] for id_ in (1, 4, 5, 6)]
    measures = [(each["measure"], each["rep_type"], each["unit"]) for each in shown]
    assert measures == [
        ("weight_reps", "count", "reps"),
        ("bodyweight_reps", "count", "reps"),
        ("distance_duration", "distance", "meters"),
        ("duration", "time", "seconds"),
    ]
    (facets,) = data(http.get("/api/exercises/facets?equipment=machine"))
    assert "assisted_reps" in [item["value"] for item in facets["measure"]]


def test_there_are_at_least_sixty_of_every_kind(http):
    exercises = everything(http)
    assert len(exercises) >= 60
    assert {exercise["category"] for exercise in exercises} == {"strength", "cardio", "flexibility"}
    assert {exercise["rep_type"] for exercise in exercises} == {"count", "time", "distance"}
    assert len({exercise["id"] for exercise in exercises}) == len(exercises)


def test_lists_by_name_in_pages_of_ten(http):
    answer = http.get("/api/exercises")
    names = [exercise["name"].lower() for exercise in data(answer)]
    assert len(names) == 10
    assert names == sorted(names)
    page = answer.json()["meta"]["page"]
    assert (page["current_page"], page["page_size"]) == (1, 10)
    assert page["total_pages"] == -(-page["total_items"] // 10)
    assert 'rel="next"' in answer.headers["Link"]
    following = answer.links["next"]["url"]
    assert not {e["id"] for e in data(answer)} & {e["id"] for e in data(http.get(following))}


def test_a_page_past_the_end_is_empty(http):
    answer = http.get("/api/exercises?page=1000000000&limit=100")
    assert data(answer) == []
    assert answer.json()["meta"]["page"]["total_items"] >= 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "check"),
    [
        ("category=cardio", lambda e: e["category"] == "cardio"),
        ("category=CARDIO,flexibility", lambda e: e["category"] in {"cardio", "flexibility"}),
        ("difficulty=beginner", lambda e: e["difficulty"] == "beginner"),
        ("equipment=barbell", lambda e: e["equipment"] == "barbell"),
        ("measure=duration", lambda e: e["measure"] == "duration"),
        (
            "measure=Bodyweight_reps,assisted_reps&muscles=lats",
            lambda e: (
                e["measure"] in {"bodyweight_reps", "assisted_reps"}
                and "lats" in e["primary_muscles"] + e["secondary_muscles"]
            ),
        ),
        (
            "muscles=Chest,back",
            lambda e: {"chest", "back"} & {*e["primary_muscles"], *(e["secondary_muscles"] or [])},
        ),
        (
            "category=strength&equipment=barbell&difficulty=intermediate",
            lambda e: (
                (e["category"], e["equipment"], e["difficulty"])
                == ("strength", "barbell", "intermediate")
            ),
        ),
    ],
)
def test_filters(http, query, check):
    params = dict(pair.split("=") for pair in query.split("&"))
    found = everything(http, **params)
    assert found
    assert all(map(check, found))
    assert len(found) == len([exercise for exercise in everything(http) if check(exercise)])


@pytest.mark.parametrize("query", ["equipment=spaceship", "muscles=tail"])
def test_free_words_without_a_match_give_an_empty_page(http, query):
    answer = http.get(f"/api/exercises?{query}")
    assert data(answer) == []
    assert answer.json()["meta"]["page"]["total_pages"] == 0


@pytest.mark.parametrize(
    ("query", "field", "constraint"),
    [
        ("category=dance", "category", "one_of"),
        ("category=", "category", "min_length"),
        ("category=strength,", "category", "min_length"),
        ("difficulty=hard", "difficulty", "one_of"),
        ("measure=time", "measure", "one_of"),
        ("measure=reps,", "measure", "min_length"),
        ("muscles=chest,,back", "muscles", "min_length"),
        ("search=ab", "search", "min_length"),
        ("search=", "search", "min_length"),
        ("search=%20%20", "search", "min_length"),
        ("sort=slug", "sort", "one_of"),
        ("sort=", "sort", "one_of"),
        ("sort=name:up", "sort", "one_of"),
        ("sort=name,name", "sort", "unique"),
        ("page=0", "page", "min"),
        ("limit=101", "limit", "max"),
        ("limit=ten", "limit", "type"),
        ("q=bench", "q", "unknown_parameter"),
        ("limit=5&limit=5", "limit", "repeated"),
    ],
)
def test_bad_queries(http, query, field, constraint):
    assert fault(http.get(f"/api/exercises?{query}")) == (field, constraint)


def test_all_bad_parameters_are_told_at_once(http):
    answer = http.get("/api/exercises?page=0&limit=x&bogus=1&category=dance")
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"page", "limit", "bogus", "category"}


@pytest.mark.slow
@pytest.mark.parametrize("order", ["name", "name:desc", "equipment", "created_at:desc", "category"])
def test_sorts(http, order):
    field, _, direction = order.partition(":")
    values = [(exercise[field] or "").lower() for exercise in everything(http, sort=order)]
    assert values == sorted(values, reverse=direction == "desc")


def test_sorts_difficulty_by_hardness(http):
    hardness = ["beginner", "intermediate", "advanced"]
    found = [hardness.index(e["difficulty"]) for e in everything(http, sort="difficulty")]
    assert found == sorted(found)


def test_search_finds_by_name_and_forgives_a_letter(http):
    for query in ("bench", "BENCH", "  bench ", "bensh", "becnh", "benchh", "bnch"):
        found = data(http.get("/api/exercises/search", params={"q": query}))
        assert any(exercise["slug"] == "barbell-bench-press" for exercise in found), query
    assert 'rel="first"' in http.get("/api/exercises/search?q=bench").headers["Link"]
    assert data(http.get("/api/exercises?search=squat"))


def test_search_takes_the_filters(http):
    answer = http.get("/api/exercises/search?q=press&equipment=barbell&limit=50")
    assert data(answer)
    assert {exercise["equipment"] for exercise in data(answer)} == {"barbell"}


@pytest.mark.parametrize(
    ("query", "field", "constraint"),
    [
        ("", "q", "required"),
        ("q=ab", "q", "min_length"),
        ("q=%20%20ab%20", "q", "min_length"),
        ("q=abc%00", "q", "characters"),
        ("q=bench&sort=name", "sort", "unknown_parameter"),
        ("q=bench&search=bench", "search", "unknown_parameter"),
    ],
)
def test_bad_searches(http, query, field, constraint):
    assert fault(http.get(f"/api/exercises/search?{query}")) == (field, constraint)


@pytest.mark.parametrize(
    "text", ["%25%25%25", "___", "'; DROP TABLE exercises; --", "(((", "\\\\\\"]
)
def test_search_text_is_only_text(http, text):
    assert http.get("/api/exercises/search", params={"q": text}).status_code == 200


def test_a_missing_exercise(http):
    answer = http.get(f"/api/exercises/{2**63 - 1}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("id_", ["0", "-1", "bench", "1.5", str(2**63)])
def test_ids_are_whole_numbers(http, id_):
    assert fault(http.get(f"/api/exercises/{id_}"))[0] == "id"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/api/exercises", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/api/exercises/1", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("PATCH", "/api/exercises/search", "GET, HEAD, OPTIONS"),
    ],
)
def test_other_methods_there_are_none(http, method, path, allow):
    answer = http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/exercises/1"),
        ("DELETE", "/api/exercises/1"),
        ("POST", "/api/exercises/1/archive"),
        ("POST", "/api/exercises/1/restore"),
    ],
)
def test_the_catalogue_is_only_read(http, admin_token, new_user, method, path):
    before = data(http.get("/api/exercises/1"))
    body = {"json": {"name": "Mine"}} if method == "PUT" else {}
    assert http.request(method, path, **body).status_code == 401
    for token in (new_user().token, admin_token):
        assert http.request(method, path, token=token, **body).status_code == 404
    assert data(http.get("/api/exercises/1")) == before
