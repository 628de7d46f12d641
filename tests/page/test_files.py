"""The files of the page, as any browser gets them."""

import json
import re
import struct
from html.parser import HTMLParser

import pytest
import requests

from gateway.page.files import FILES, STATIC, VERSION, served
from schemas.exercises import CATEGORIES
from schemas.measures import MEASURES
from schemas.profiles import WEEK_STARTS
from schemas.roles import ROLES
from schemas.scopes import SCOPES
from schemas.sets import SET_TYPES, WEIGHT_UNITS
from schemas.stats import FORMULAS
from schemas.webhooks import EVENTS

LARGEST_FIRST_VIEW = 120 * 1024
FIRST_VIEW = [file for path, file in served().items() if not path.endswith(".png")]
SCRIPTS = [path for path in served() if path.endswith(".js")]
TEXTS = {path.stem: path.read_text("utf-8") for path in (STATIC / "texts").glob("*.js")}


def get(system, path, **headers):
    return requests.get(system.url + path, headers=headers, timeout=20)


class _Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_shell_lets_in_nothing_but_its_files(system):
    answer = get(system, "/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    for forbidden in ("unsafe", "http", "*", "eval"):
        assert forbidden not in policy
    for closed in ("form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert closed in policy
    elements = _Elements(answer.text).found
    named = [attrs.get("src") or attrs.get("href") for tag, attrs in elements]
    assert {path for path in named if path} <= served().keys()
    assert not [attrs for _, attrs in elements if {"style", "onclick", "onload"} & attrs.keys()]


@pytest.mark.slow
@pytest.mark.parametrize("path", served())
def test_each_file_is_served_compressed_and_known_again(system, path):
    plain = get(system, path, **{"Accept-Encoding": "identity"})
    assert plain.status_code == 200
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    is_kept = plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert is_kept == path.startswith("/app/")
    assert plain.content == served()[path].content
    for coding in served()[path].encoded:
        compressed = get(system, path, **{"Accept-Encoding": coding})
        assert compressed.headers["Content-Encoding"] == coding
        assert int(compressed.headers["Content-Length"]) < len(plain.content)
        assert compressed.content == plain.content
    known = get(system, path, **{"If-None-Match": plain.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_whoever_takes_no_coding_gets_the_file_as_it_is(system):
    for accepted in ("", "zstd", "gzip;q=0, br;q=0"):
        answer = get(system, "/", **{"Accept-Encoding": accepted})
        assert "Content-Encoding" not in answer.headers


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"If-None-Match": "*"}, {"Accept-Encoding": "identity"}])
def test_the_fast_path_and_the_other_say_the_same(system, more):
    """The fast path takes GETs alone."""
    told = []
    for method in ("GET", "HEAD"):
        answer = requests.request(method, system.url, headers=more, timeout=20)
        different = {"X-Request-ID", "Date"}
        told.append({name: answer.headers[name] for name in answer.headers.keys() - different})
    assert told[0] == told[1]
    assert remembered(system) > 0


def remembered(system):
    """Return how many requests for files the fast path has answered, by what a further one adds."""
    found = []
    for _ in range(2):
        metrics = get(system, "/metrics").text
        found.append(float(re.search(r"^gym_http_remembered_total (.*)$", metrics, re.M)[1]))
        get(system, "/")
    return found[1] - found[0]


def test_the_first_view_is_small():
    smallest = [min(map(len, [file.content, *file.encoded.values()])) for file in FIRST_VIEW]
    by_gzip = [len(file.encoded.get("gzip", file.content)) for file in FIRST_VIEW]
    assert sum(smallest) <= sum(by_gzip) < LARGEST_FIRST_VIEW


@pytest.mark.parametrize(
    "path",
    [
        "/app/0123456789abcdef/main.js",
        "/app/main.js",
        "/index.html",
        "/app/%2e%2e/%2e%2e/setup.cfg",
        f"{SCRIPTS[0].rsplit('/', 1)[0]}/../service.py",
    ],
)
def test_nothing_else_is_there(system, path):
    assert get(system, path).status_code == 404


def test_the_worker_keeps_each_file(system):
    worker = get(system, "/service-worker.js").text
    files = json.loads(re.search(r"const FILES = (\[.*\]);", worker)[1])
    assert {*files, "/service-worker.js"} == served().keys()
    content = b"".join(file.content for file in served().values())
    assert not [mark for mark in (VERSION, FILES) if mark in content]


def test_the_manifest_names_icons_that_are_there_in_their_sizes(system):
    manifest = get(system, "/manifest.webmanifest").json()
    for icon in manifest["icons"]:
        content = served()[icon["src"]].content
        if icon["type"] == "image/png":
            # where PNG has width and height
            sizes = struct.unpack(">II", content[16:24])
            assert icon["sizes"] == "{}x{}".format(*sizes)
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


def test_no_file_knows_another_host():
    for path, file in served().items():
        found = set(re.findall(r"https?://[^\s\"'`<>)]*", file.content.decode("latin-1")))
        assert found <= {"http://www.w3.org/2000/svg"}, path


def test_no_text_becomes_markup():
    for path in SCRIPTS:
        script = served()[path].content.decode()
        for dangerous in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ):
            assert dangerous not in script, path


def names_in(text):
    return set(re.findall(r'^  "?([\w.]+)"?: ', text, re.MULTILINE))


def test_each_language_says_the_same():
    # what the API says itself in English
    given = {name for name in names_in(TEXTS["de"]) if name.startswith(("word.", "refusal."))}
    assert names_in(TEXTS["de"]) - given == names_in(TEXTS["en"])


def test_each_text_that_is_used_is_there():
    known, used = names_in(TEXTS["en"]), set()
    for path in SCRIPTS:
        script = served()[path].content.decode()
        used |= set(re.findall(r'\bt\("([\w.]+)"', script))
        used |= {f"{name}.one" for name in re.findall(r'\bcount\("([\w.]+)"', script)}
    assert used <= known


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("MEASURES", MEASURES),
        ("CATEGORIES", CATEGORIES),
        ("SET_TYPES", SET_TYPES),
        ("WEIGHT_UNITS", WEIGHT_UNITS),
        ("WEEK_STARTS", WEEK_STARTS),
        ("FORMULAS", FORMULAS),
        ("SCOPES", SCOPES),
        ("EVENTS", EVENTS),
        ("ROLES", ROLES),
    ],
)
def test_what_can_be_chosen_is_what_the_api_takes(name, values):
    script = (STATIC / "enumerations.js").read_text("utf-8")
    listed = re.search(rf"export const {name} = \[(.*?)\];", script, re.DOTALL)[1]
    assert sorted(re.findall(r'"([^"]+)"', listed)) == sorted(values)
