"""The headers that every answer has, whatever came of it, from every port."""

import pytest

from stack.layout import SERVICES

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}
TELLING = ("Server", "X-Powered-By", "X-AspNet-Version", "Via")
JSON = {"Content-Type": "application/json"}
PRIVATE = "private, no-store"


def check(headers):
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert not [name for name in TELLING if name in headers]
    assert headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/api/exercises/1", {}, 200),
        ("HEAD", "/api/exercises/1", {}, 200),
        ("OPTIONS", "/api/workouts", {}, 204),
        ("GET", "/health", {}, 200),
        ("GET", "/ready", {}, 200),
        ("GET", "/api/exercises?page=0", {}, 400),
        ("POST", "/api/users/login", {"data": b"{", "headers": JSON}, 400),
        ("GET", "/api/workouts", {}, 401),
        ("GET", "/nothing", {}, 404),
        ("GET", "/api/exercises/999999", {}, 404),
        ("PATCH", "/api/workouts", {}, 405),
        ("POST", "/api/users/login", {"data": b"x" * (1024 * 1024 + 1), "headers": JSON}, 413),
        ("POST", "/api/users/login", {"data": b"<a/>"}, 415),
        ("GET", "/health", {"headers": {"X": "a" * 9000}}, 431),
    ],
)
def test_every_answer_has_them(http, method, path, options, status):
    answer = http.request(method, path, **options)
    assert answer.status_code == status
    check(answer.headers)
    if status >= 400:
        assert answer.headers["Cache-Control"] == PRIVATE


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json", "/docs/start.js"])
def test_pages_for_machines_have_them(http, path):
    answer = http.get(path)
    assert answer.status_code == 200
    check(answer.headers)


def test_the_page_for_people_lets_nothing_in_from_elsewhere(http):
    answer = http.get("/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_signed_in_answers_have_them(http, person):
    for path in (f"/api/users/{person.id}", "/api/workouts", "/api/stats/personal-records"):
        answer = http.get(path, token=person.token())
        assert answer.status_code == 200
        check(answer.headers)
        assert answer.headers["Cache-Control"] == PRIVATE


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"505"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zip\r\n\r\n", b"501"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n", b"417"),
    ],
    ids=["noise", "version", "host", "long", "encoding", "expectation"],
)
def test_so_has_what_could_not_even_be_read(http, sent, status):
    head, _, _ = http.raw(sent).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first.encode().split()[1] == status
    check(dict(line.split(": ", 1) for line in lines))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("path", ["/health", "/ready", "/nothing"])
def test_the_services_own_ports_have_them(system, http, service, path):
    answer = http.session.get(f"http://{system.address(service)}{path}", timeout=20)
    check(answer.headers)
