"""Text that would be a command elsewhere: refused, or kept as the plain text that it is."""

import json
import uuid
from urllib.parse import quote

import pytest

from tests.waiting import eventually

SQL = [
    "' OR '1'='1",
    "'; DROP TABLE workouts; --",
    '" OR ""="',
    "1; SELECT pg_sleep(5)",
    "1 UNION SELECT password_hash FROM users",
    "%' ESCAPE '|",
    "\\",
    "$$;$$",
    ":user_id",
    "%(email)s %s {0}",
    "/* */",
]
JSON_PATHS = [
    "$.a",
    '$."a" ? (@ like_regex ".*")',
    '["chest"]',
    '{"$gt": ""}',
    "lax $[*]",
    "'}', '{a,b",
    "chest' ? 'back",
]
OTHERS = [
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} #{7*7}",
    "../../../../etc/passwd",
    "$(id) `id` | id",
    "=1+1",
    "(a+)+$",
    "*)(uid=*",
    "a\tb",
]
TEXTS = SQL + JSON_PATHS + OTHERS
SEARCHES = [text for text in TEXTS if len(text) >= 3 and "," not in text]

FILTERS = ["category", "difficulty", "measure", "mine"]
QUERIES = {
    "/api/exercises": ["page", "limit", *FILTERS, "sort"],
    "/api/exercises/search?q=bench&": ["page", "limit", *FILTERS],
    "/api/exercises/facets": FILTERS,
    "/api/webhooks/1/deliveries": ["page", "limit"],
    "/api/workouts": ["page", "limit", "user_id", "date_from", "date_to", "sort"],
    "/api/measurements": ["page", "limit", "kind", "date_from", "date_to"],
    "/api/stats/exercise/1/history": ["range", "unit"],
    "/api/stats/exercise/1/records": ["formula"],
    "/api/stats/exercise/1/rep-maxes": ["formula"],
    "/api/stats/progress": ["period", "weeks"],
    "/api/stats/muscles": ["weeks"],
    "/api/stats/calendar": ["year"],
    "/api/stats/weekly-summary": ["week"],
    "/api/stats/one-rep-max?weight=100&reps=5&": ["unit", "rir", "formula"],
}
FREE_WORDS = ["equipment", "muscles", "body_part"]
PATHS = [
    "/api/users/{}",
    "/api/exercises/{}",
    "/api/workouts/{}",
    "/api/measurements/{}",
    "/api/stats/exercise/{}/history",
    "/api/stats/exercise/{}/records",
    "/api/stats/exercise/{}/rep-maxes",
]


def with_query(path, name, text):
    return f"{path}{'' if '?' in path else '?'}{name}={quote(text, safe='')}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "name"),
    [("/api/exercises/last", "ids")]
    + [(path, name) for path, names in QUERIES.items() for name in names],
)
def test_parameters_with_few_values_refuse_it(http, person, path, name):
    for text in TEXTS:
        answer = http.get(with_query(path, name, text), token=person.token())
        assert answer.status_code == 400, (text, answer.text)
        (error,) = answer.json()["errors"]
        assert (error["code"], error["field"]) == ("INVALID_PARAMETER", name)


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_ids_refuse_it(http, person, path):
    for text in TEXTS:
        answer = http.get(path.format(quote(text, safe="")), token=person.token())
        assert answer.status_code == 400, (text, answer.text)
        (error,) = answer.json()["errors"]
        assert (error["code"], error["field"]) == ("INVALID_PARAMETER", "id")


@pytest.mark.parametrize("name", FREE_WORDS)
def test_free_words_match_nothing(http, name):
    for text in TEXTS:
        answer = http.get(with_query("/api/exercises", name, text))
        if answer.status_code == 400:
            # an empty item beside a comma
            assert "," in text
            continue
        assert answer.json()["data"] == [], text


def test_search_takes_it_for_words(http):
    everything = http.get("/api/exercises").json()["meta"]["page"]["total_items"]
    for text in SEARCHES:
        for path, name in (("/api/exercises/search", "q"), ("/api/exercises", "search")):
            answer = http.get(with_query(path, name, text))
            assert answer.status_code == 200, (text, answer.text)
            assert answer.json()["meta"]["page"]["total_items"] < everything
            assert answer.elapsed.total_seconds() < 4


@pytest.mark.slow
@pytest.mark.parametrize("path", QUERIES)
def test_the_names_of_parameters_are_not_trusted_either(http, person, path):
    for text in TEXTS:
        answer = http.get(with_query(path, quote(text, safe=""), "1"), token=person.token())
        assert answer.status_code == 400
        refused = {error["details"]["constraint"] for error in answer.json()["errors"]}
        # besides those parameters that the path lacks
        assert refused - {"required"} == {"unknown_parameter"}


def test_texts_of_a_workout_come_back_as_they_were(http, person):
    token = person.token()
    for text in TEXTS:
        body = {
            "date": "2024-02-16",
            "name": text,
            "notes": text,
            "exercises": [{"exercise_id": 1, "notes": text, "sets": [{"reps": 5, "notes": text}]}],
        }
        answer = http.post("/api/workouts", body, token=token)
        assert answer.status_code == 201, answer.text
        (made,) = answer.json()["data"]
        (kept,) = http.get(f"/api/workouts/{made['id']}", token=token).json()["data"]
        exercise = kept["exercises"][0]
        found = [kept["name"], kept["notes"], exercise["notes"], exercise["sets"][0]["notes"]]
        assert found == [text] * 4
    page = http.get("/api/workouts?limit=100&sort=name", token=token).json()["data"]
    assert {item["name"] for item in page} == set(TEXTS)


@pytest.mark.slow
def test_texts_of_an_exercise_come_back_as_they_were(http, person):
    token = person.token()
    for text in TEXTS:
        word = text.replace(",", ";")
        body = {
            "name": text,
            "measure": "reps",
            "notes": text,
            "equipment": word,
            "primary_muscles": [word],
        }
        answer = http.post("/api/exercises", body, token=token)
        assert answer.status_code == 201, answer.text
        (made,) = answer.json()["data"]
        (kept,) = http.get(f"/api/exercises/{made['id']}", token=token).json()["data"]
        assert [kept["name"], kept["notes"]] == [text] * 2
        assert [kept["equipment"], *kept["primary_muscles"]] == [" ".join(word.lower().split())] * 2
    names = set()
    for page in (1, 2, 3):
        found = http.get(f"/api/exercises?mine=true&page={page}&limit=10", token=token).json()
        names |= {item["name"] for item in found["data"]}
    assert names == set(TEXTS)


def test_fields_with_few_values_refuse_it(http, person):
    for text in TEXTS:
        body = {
            "date": text,
            "duration_minutes": text,
            "exercises": [
                {
                    "exercise_id": text,
                    "order_index": text,
                    "sets": [
                        {
                            "set_number": text,
                            "reps": text,
                            "weight": text,
                            "unit": text,
                            "set_type": text,
                            "rpe": text,
                        }
                    ],
                }
            ],
        }
        answer = http.post("/api/workouts", body, token=person.token())
        assert answer.status_code == 400
        assert len(answer.json()["errors"]) == 10


def test_names_of_people_are_texts(http):
    for text in TEXTS:
        email = f"{uuid.uuid4().hex[:16]}@example.com"
        body = {"email": email, "password": text.ljust(8, "x"), "name": text}
        answer = http.post("/api/users/register", body)
        assert answer.json()["data"][0]["name"] == text
        signed_in = http.post("/api/users/login", {"email": email, "password": body["password"]})
        assert signed_in.json()["data"][0]["user"]["name"] == text


def test_it_signs_nobody_in(http, person):
    for text in TEXTS:
        for body in (
            {"email": text, "password": "a long password"},
            {"email": person.user.email, "password": text},
            {"email": person.user.email + text, "password": person.user.password},
        ):
            assert http.post("/api/users/login", body).status_code == 401
    for value in ({"$gt": ""}, ["a"], True, 0):
        answer = http.post("/api/users/login", {"email": value, "password": value})
        assert answer.status_code == 400


@pytest.mark.slow
def test_idempotency_keys_are_texts(http, person):
    for text in TEXTS:
        key = text.replace(" ", "_").replace("\t", "_")
        answers = [
            http.post(
                "/api/workouts",
                {"date": "2024-02-16"},
                token=person.token(),
                headers={"Idempotency-Key": key},
            )
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["data"] == answers[1].json()["data"]


# the same for whoever reads the log

HOSTILE = {
    "crlf": '\r\n{"event":"forged"}',
    "ansi": "\x1b[31mred\x1b[2J",
    "c1": "\x9b31m\x85",
    "separators": "\u2028\u2029",
    "direction": "\u202e\u2066",
    "email": "somebody.hidden@example.com",
}


def logged_about(system, request_id):
    lines = system.log("gateway").read_text("utf-8", "strict").split("\n")
    return [line for line in lines if request_id in line]


@pytest.fixture
def check_log(system):
    def check(request_id):
        line = eventually(lambda: logged_about(system, request_id))[0]
        told = json.loads(line)
        assert told["request_id"] == request_id
        assert not [c for c in line if not (c.isprintable() or c == " ")]
        assert "somebody.hidden" not in line
        return told

    return check


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("path", ["/api/users/{}", "/api/{}", "/api/exercises?search={}"])
def test_a_path_or_query_stays_within_its_line(http, person, check_log, kind, path):
    request_id = uuid.uuid4().hex
    http.get(
        path.format(quote(HOSTILE[kind], safe="")),
        token=person.token(),
        headers={"X-Request-ID": request_id},
    )
    check_log(request_id)


def test_bytes_beyond_ascii_in_a_path_stay_within_their_line(http, check_log):
    request_id = uuid.uuid4().hex
    path = "/api/\x9b31m\u00e9".encode("latin-1") + "\u2028".encode()
    head = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    answer = http.raw(head + b"X-Request-ID: " + request_id.encode() + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404")
    assert check_log(request_id)["status"] == 404


@pytest.mark.parametrize("kind", HOSTILE)
def test_names_stay_out_of_the_log_or_within_their_line(http, person, check_log, kind):
    request_id = uuid.uuid4().hex
    body = {"date": "2024-02-16", "name": "x" + HOSTILE[kind] + "y"}
    headers = {"X-Request-ID": request_id}
    answer = http.post("/api/workouts", body, token=person.token(), headers=headers)
    assert answer.status_code == 201
    check_log(request_id)


@pytest.mark.parametrize(
    "request_id", ["a b", "a;b", "é", "a" * 65, "<b>", "a\x1b[31m", "a%0d%0ab", "a\\n"]
)
def test_a_request_id_that_could_do_harm_is_replaced(http, request_id):
    answer = http.get("/api/exercises/1", headers={"X-Request-ID": request_id.encode("utf-8")})
    given = answer.headers["X-Request-ID"]
    assert given.startswith("req_")
    assert answer.json()["meta"]["request_id"] == given


def test_ends_of_lines_in_headers_end_the_request(http):
    for value in (b"a\rb", b"a\x00b"):
        sent = b"GET /api/exercises/1 HTTP/1.1\r\nHost: x\r\nX-Request-ID: " + value + b"\r\n\r\n"
        assert http.raw(sent).startswith(b"HTTP/1.1 400")


def test_nothing_of_a_request_ends_up_in_the_headers_of_its_answer(http, person):
    evil = "%0d%0aSet-Cookie:%20a=b"
    for path in (f"/api/workouts?date_from={evil}", f"/api/exercises?equipment={evil}"):
        answer = http.get(path, token=person.token())
        assert "Set-Cookie" not in answer.headers
