"""Path and query: what is refused, all at once, and what goes on to the services."""

import pytest

from gateway.requests.parameters import NoParameters, check_parameters
from schemas.errors import InvalidParameter
from schemas.exercises import ExerciseList
from schemas.pages import ById, Page
from schemas.workouts import WorkoutList
from services.transport.http import HttpRequest, Refused
from services.transport.http.addresses import client_address, parse_networks
from services.transport.http.messages import Head
from services.transport.http.routing import Routes, allowed


def check(query="", path=None, schema=NoParameters, headers=(), takes_key=False):
    given = {}
    for name, value in headers:
        given.setdefault(name.lower(), []).append(value)
    path_schema = NoParameters if path is None else ById
    request = HttpRequest(
        Head("GET", f"/?{query}", headers=given),
        path_values={} if path is None else {"id": path},
    )
    return check_parameters(request, path_schema(), schema(), takes_key=takes_key)


def faults(*args, **kwargs):
    with pytest.raises(InvalidParameter) as caught:
        check(*args, **kwargs)
    return {entry.get("field"): entry["details"]["constraint"] for entry in caught.value.faults}


def test_gives_defaults_and_numbers():
    assert check("limit=20", schema=Page).query == {"page": 1, "limit": 20}


def test_gives_dates_and_lists_as_they_were_written():
    query = check("date_from=2025-02-01&sort=date:desc,name", schema=WorkoutList).query
    assert query == {
        "page": 1,
        "limit": 10,
        "date_from": "2025-02-01",
        "sort": "date:desc,name",
    }


def test_decodes():
    query = check(
        "search=d%C3%A9velopp%C3%A9+assis&muscles=chest%2Cback", schema=ExerciseList
    ).query
    assert query["search"] == "développé assis"
    assert query["muscles"] == "chest,back"


@pytest.mark.parametrize("blank", ["", "%20%20", "+"])
def test_refuses_a_blank_search(blank):
    assert faults(f"search={blank}", schema=ExerciseList) == {"search": "min_length"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=0", {"page": "min"}),
        ("page=", {"page": "type"}),
        ("page=1.5", {"page": "type"}),
        ("page=+1", {"page": "type"}),
        ("page=%D9%A1", {"page": "type"}),
        ("limit=101", {"limit": "max"}),
        ("limit=0", {"limit": "min"}),
        ("Page=1", {"Page": "unknown_parameter"}),
        ("bogus", {"bogus": "unknown_parameter"}),
        ("=1", {"": "unknown_parameter"}),
        ("page=1&page=1", {"page": "repeated"}),
        ("page=1&p%61ge=2", {"page": "repeated"}),
        ("page=%ff", {"page": "characters"}),
        ("page=0&limit=x&a=1&a=2", {"page": "min", "limit": "type", "a": "repeated"}),
    ],
)
def test_refuses_and_tells_everything_at_once(query, expected):
    found = faults(query, schema=Page)
    assert found == expected or {key or "": value for key, value in found.items()} == expected


@pytest.mark.parametrize("name", ["category", "equipment", "muscles"])
def test_refuses_more_words_than_anybody_filters_by(name):
    assert faults(f"{name}={',' * 3000}", schema=ExerciseList) == {name: "max_items"}
    hundred = ",".join(["strength" if name == "category" else "x"] * 100)
    assert check(f"{name}={hundred}", schema=ExerciseList).query[name] == hundred


def test_refuses_parameters_of_a_route_without_any():
    assert faults("x=1") == {"x": "unknown_parameter"}


def test_tells_the_faults_of_path_query_and_key_together():
    found = faults("x=1", path="abc", headers=[("Idempotency-Key", "a b")], takes_key=True)
    assert found == {"id": "type", "x": "unknown_parameter", "Idempotency-Key": "characters"}


def test_refuses_hundreds_of_parameters_with_one_fault():
    assert faults("&".join(f"p{number}=1" for number in range(101))) == {None: "max_items"}


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("0", "min"),
        ("-1", "min"),
        ("9223372036854775808", "max"),
        ("9" * 32, "max"),
        ("9" * 5000, "type"),
        ("abc", "type"),
        ("1.0", "type"),
        ("1e3", "type"),
        (" 1", "type"),
        ("1\n", "type"),
        ("1;DROP TABLE users", "type"),
        ("\ufffd", "type"),
    ],
)
def test_refuses_ids(text, constraint):
    assert faults(path=text) == {"id": constraint}


def test_takes_the_largest_id():
    assert check(path="9223372036854775807").path == {"id": 2**63 - 1}


@pytest.mark.parametrize("key", ["a", "x" * 255, "!~", "0b9c2625-dc21-4b1c-a9a4-7a1c9f5f0001"])
def test_takes_idempotency_keys(key):
    assert check(headers=[("idempotency-key", key)], takes_key=True).idempotency_key == key


@pytest.mark.parametrize(
    ("keys", "constraint"),
    [
        ([""], "min_length"),
        (["x" * 256], "max_length"),
        (["a b"], "characters"),
        (["clé"], "characters"),
        (["a", "b"], "repeated"),
    ],
)
def test_refuses_idempotency_keys(keys, constraint):
    headers = [("Idempotency-Key", key) for key in keys]
    assert faults(headers=headers, takes_key=True) == {"Idempotency-Key": constraint}


def test_does_not_look_at_an_idempotency_key_elsewhere():
    assert check(headers=[("Idempotency-Key", "a b")]).idempotency_key is None


class Stub:
    def __init__(self, method, path):
        self.method = method
        self.path = path


ROUTES = Routes(
    [
        Stub("GET", "/api/exercises"),
        Stub("GET", "/api/exercises/:id"),
        Stub("GET", "/api/exercises/search"),
        Stub("PUT", "/api/exercises/:id"),
        Stub("GET", "/api/stats/exercise/:id/history"),
    ]
)


@pytest.mark.parametrize(
    ("path", "route", "values"),
    [
        ("/api/exercises", "/api/exercises", {}),
        ("/api/exercises/search", "/api/exercises/search", {}),
        ("/api/exercises/7", "/api/exercises/:id", {"id": "7"}),
        ("/api/exercises/a%2Fb", "/api/exercises/:id", {"id": "a/b"}),
        ("/api/exercises/%0A", "/api/exercises/:id", {"id": "\n"}),
        ("/api/exercises/%FF", "/api/exercises/:id", {"id": "\ufffd"}),
        ("/api/%65xercises", "/api/exercises", {}),
        ("/api/stats/exercise/x/history", "/api/stats/exercise/:id/history", {"id": "x"}),
    ],
)
def test_finds_routes(path, route, values):
    methods, found = ROUTES.find(path)
    assert methods["GET"].path == route
    assert found == values


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "/api",
        "/api/exercises/",
        "//api/exercises",
        "/api//exercises",
        "/API/exercises",
        "/api/exercises/1/2",
        "/api/exercises/../exercises",
        "/api/exercises/1/",
    ],
)
def test_knows_no_other_paths(path):
    with pytest.raises(Refused) as caught:
        ROUTES.find(path)
    assert caught.value.status == 404


def test_lists_methods():
    assert allowed(["GET", "PUT"]) == "GET, HEAD, OPTIONS, PUT"
    assert allowed(["POST"]) == "OPTIONS, POST"


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("1.2.3.4", None, "", "1.2.3.4"),
        ("1.2.3.4", "5.6.7.8", "", "1.2.3.4"),
        ("10.0.0.1", "5.6.7.8", "10.0.0.0/8", "5.6.7.8"),
        ("10.0.0.1", "9.9.9.9, 5.6.7.8", "10.0.0.0/8", "5.6.7.8"),
        ("10.0.0.1", "9.9.9.9, 5.6.7.8, 10.0.0.2", "10.0.0.0/8", "5.6.7.8"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.0/8", "10.0.0.3"),
        ("10.0.0.1", "5.6.7.8, nonsense", "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1", "10.0.0.1"),
        ("::1", "2001:db8::1", "::1", "2001:db8::/64"),
        ("2001:db8::1", None, "", "2001:db8::/64"),
        ("2001:db8::ffff:2", None, "", "2001:db8::/64"),
        ("::ffff:1.2.3.4", None, "", "1.2.3.4"),
        ("::ffff:10.0.0.1", "::ffff:5.6.7.8", "10.0.0.0/8", "5.6.7.8"),
        ("", "5.6.7.8", "10.0.0.0/8", ""),
    ],
)
def test_tells_the_address_that_a_request_counts_for(peer, forwarded, trusted, address):
    networks = parse_networks(trusted.split(",") if trusted else [])
    assert client_address(peer, forwarded, networks) == address
