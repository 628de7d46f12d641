"""A server on loopback that behaves like wger's API, and misbehaves when it is told to."""

import gzip
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

STORED = Path(__file__).resolve().parents[3] / "shared" / "wger"
"""Answers of a real wger server, where they lie beside the checkout."""

LARGEST_LIMIT = 999
DEFAULT_LIMIT = 20
LANGUAGES = [
    {"id": 1, "short_name": "de", "full_name": "Deutsch", "full_name_en": "German"},
    {"id": 2, "short_name": "en", "full_name": "English", "full_name_en": "English"},
    {"id": 12, "short_name": "fr", "full_name": "Français", "full_name_en": "French"},
]
GERMAN, ENGLISH, FRENCH = 1, 2, 12


class WgerServer:
    """Serves a list of entries in pages, as wger does.

    Attributes:
        entries: the catalogue; it may be changed while the server runs.
        asked: the path with query of every request, in order.
    """

    def __init__(self, entries, languages=LANGUAGES):
        self.entries = list(entries)
        self.languages = languages
        self.asked = []
        self.faults = []
        self.largest_limit = LARGEST_LIMIT
        server = self

        class Handler(_Handler):
            wger = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_address[1]}/api/v2"

    @property
    def offsets(self):
        """The offsets of all pages of exercises that were asked for."""
        return [_query(path)["offset"] for path in self.asked if "/exerciseinfo/?" in path]

    def fail(self, fault, offset=0, times=1, path="exerciseinfo"):
        """Answer the next requests for a page with a fault.

        Args:
            fault: one of the functions below.
            offset: which page; None for any.
            times: how often; None for ever.
            path: of the list.
        """
        self.faults.append({"fault": fault, "offset": offset, "times": times, "path": path})

    def recover(self):
        """Behave again."""
        self.faults.clear()

    def take_fault(self, path, offset):
        for planned in self.faults:
            if path == planned["path"] and planned["offset"] in (offset, None):
                if planned["times"] is not None:
                    planned["times"] -= 1
                    if planned["times"] == 0:
                        self.faults.remove(planned)
                return planned["fault"]
        return None

    def page(self, path, query):
        items = {"exerciseinfo": self.entries, "language": self.languages}.get(path)
        if items is None:
            return None
        limit, offset = _whole(query.get("limit"), DEFAULT_LIMIT), _whole(query.get("offset"), 0)
        limit = min(limit or DEFAULT_LIMIT, self.largest_limit)
        following = offset + limit
        return {
            "count": len(items),
            "next": self._link(path, limit, following) if following < len(items) else None,
            "previous": self._link(path, limit, max(offset - limit, 0)) if offset else None,
            "results": items[offset:following],
        }

    def entry(self, path):
        number = path.removeprefix("exerciseinfo/")
        return next((entry for entry in self.entries if str(_id(entry)) == number), None)

    def _link(self, path, limit, offset):
        return f"{self.url}/{path}/?limit={limit}&offset={offset}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wger: WgerServer

    def do_GET(self):
        self.wger.asked.append(self.path)
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/api/v2/")
        if not path.endswith("/"):
            self.answer(301, b"", Location=f"{parts.path}/?{parts.query}")
            return
        query, path = _query(self.path), path.rstrip("/")
        body = self.right_body()
        if body is None:
            self.answer(404, b"<h1>Not Found</h1>", "text/html")
            return
        fault = self.wger.take_fault(path, _whole(query.get("offset"), 0))
        if fault is None:
            self.answer(200, body)
        else:
            fault(self, body)

    def right_body(self):
        path = urlsplit(self.path).path.removeprefix("/api/v2/").rstrip("/")
        found = self.wger.page(path, _query(self.path)) or self.wger.entry(path)
        return None if found is None else json.dumps(found).encode()

    def answer(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def handle(self):
        # clients that give up are what many tests are about
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


# -- faults: each gets the handler and the right body --------------------------------------------


def status(code, **headers):
    """Answer a status, with headers such as ``Retry_After="1"``."""
    return lambda handler, body: handler.answer(code, b"<h1>Oops</h1>", "text/html", **headers)


def text(content, kind="application/json"):
    """Answer something else with a status of 200."""
    return lambda handler, body: handler.answer(200, content.encode(), kind)


def slow(seconds):
    """Answer late."""

    def answer(handler, body):
        time.sleep(seconds)
        handler.answer(200, body)

    return answer


def drip(pieces, pause, then_stop=False):
    """Answer in pieces with pauses."""

    def answer(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        size = len(body) // pieces + 1
        for start in range(0, len(body), size):
            handler.wfile.write(body[start : start + size])
            time.sleep(pause)

    return answer


def cut(share=0.5, length=True):
    """End the connection in the middle of the answer, with or without telling its length."""

    def answer(handler, body):
        handler.send_response(200)
        if length:
            handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body[: int(len(body) * share)])
        handler.close_connection = True

    return answer


def hang_up(handler, body):
    """End the connection without an answer."""
    handler.close_connection = True


def redirect(target, code=302):
    """Send the client elsewhere."""
    return lambda handler, body: handler.answer(code, b"", Location=target)


def huge(size, zipped=False):
    """Answer with so many bytes, which may travel as few."""

    def answer(handler, body):
        headers = {"Content_Encoding": "gzip"} if zipped else {}
        content = gzip.compress(b" " * size) if zipped else b" " * size
        handler.answer(200, content, **headers)

    return answer


def zipped(handler, body):
    """Answer rightly, but packed and in small pieces."""
    packed = gzip.compress(body)
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(packed)))
    handler.end_headers()
    for start in range(0, len(packed), 7):
        handler.wfile.write(packed[start : start + 7])
        handler.wfile.flush()


def before(action: Callable[[], None]):
    """Do something first, and answer rightly."""

    def answer(handler, body):
        action()
        handler.answer(200, handler.right_body())

    return answer


# -- entries --------------------------------------------------------------------------------------


def make_entry(number, name, *, language=ENGLISH, description="<p>Do it.</p>", **fields):
    """Make an entry of the catalogue, of which any field can be given.

    Args:
        number: its id.
        name: in the given language.
        language: the language's id.
        description: in HTML.
        fields: any others; ``aliases`` as a list of texts.
    """
    aliases = fields.pop("aliases", [])
    translation = make_translation(number, name, language, description, aliases)
    return {
        "id": number,
        "uuid": str(uuid.UUID(int=number)),
        "created": "2023-08-06T08:17:17.422000Z",
        "category": {"id": 9, "name": "Legs"},
        "muscles": [],
        "muscles_secondary": [],
        "equipment": [],
        "license": {"id": 2, "full_name": "Share Alike 4", "short_name": "CC-BY-SA 4"},
        "license_author": "somebody",
        "images": [],
        "videos": [],
        "variation_group": None,
        "translations": [translation],
        **fields,
    }


def make_translation(number, name, language=ENGLISH, description="<p>Do it.</p>", aliases=()):
    return {
        "id": number * 10 + language,
        "uuid": str(uuid.UUID(int=number * 10 + language)),
        "name": name,
        "exercise": number,
        "description": description,
        "language": language,
        "aliases": [
            {"id": place, "uuid": str(uuid.UUID(int=place)), "alias": alias}
            for place, alias in enumerate(aliases, start=1)
        ],
        "notes": [],
        "license": 2,
        "license_author": "somebody",
    }


def make_muscle(number, name, english):
    return {"id": number, "name": name, "name_en": english, "is_front": True}


MUSCLES = [
    make_muscle(2, "Anterior deltoid", "Shoulders"),
    make_muscle(10, "Quadriceps femoris", "Quads"),
    make_muscle(14, "Obliquus externus abdominis", ""),
]
KINDS = ["Zercher", "Bulgarian", "Sumo", "Deficit", "Paused", "Tempo", "Cossack", "Pistol", "Box"]
MOVES = [
    "Squat",
    "Press",
    "Row",
    "Curl",
    "Raise",
    "Thrust",
    "Lunge",
    "Extension",
    "Pullover",
    "Fly",
]
TOOLS = [
    "Barbell",
    "Dumbbell",
    "Kettlebell",
    "Cable",
    "Sandbag",
    "Landmine",
    "Chain",
    "Ring",
    "Log",
]
STEPS = "<ol>\n" + "<li>Brace, breathe, and keep the weight over the middle of the foot.</li>\n" * 5


def generated(count):
    """Make a catalogue as large and as mixed as wger's, the same every time."""
    return [_generated_entry(number) for number in range(1, count + 1)]


def _generated_entry(number):
    chance = random.Random(number)
    words = [TOOLS[number % 8], KINDS[number // 8 % 9], MOVES[number // 72 % 9]]
    name = f"{' '.join(words)} {number // 648 or ''}".strip()
    entry = make_entry(
        number,
        name,
        description=f"<p>The {name} &amp; how to do it:</p>\n{STEPS}</ol>",
        muscles=chance.sample(MUSCLES, chance.randrange(3)),
        equipment=[{"id": 1, "name": "Barbell"}] if number % 3 else [],
        aliases=[f"Alias {number} of {words[2]}"] if number % 5 == 0 else [],
    )
    if number % 4 == 0:
        entry["translations"].insert(0, make_translation(number, f"Übung {number}", GERMAN))
    return entry


def stored_entries(folder=STORED) -> list[dict]:
    """Return the different entries of all stored pages, by id."""
    found = {
        item["id"]: item
        for file in sorted(folder.glob("exerciseinfo-*.json"))
        for item in json.loads(file.read_text("utf-8"))["results"]
    }
    return [found[number] for number in sorted(found)]


def stored_languages(folder=STORED) -> list[dict]:
    """Return the stored languages."""
    return json.loads((folder / "language.json").read_text("utf-8"))["results"]


@contextmanager
def another_host() -> Iterator[WgerServer]:
    """Run a second server that nobody should ask."""
    with WgerServer([make_entry(1, "From Elsewhere")]) as server:
        yield server


def _id(entry):
    return entry.get("id") if isinstance(entry, dict) else None


def _query(path):
    query = {name: values[-1] for name, values in parse_qs(urlsplit(path).query).items()}
    return {**query, "offset": _whole(query.get("offset"), 0)}


def _whole(value, default):
    return int(value) if str(value).isdecimal() else default
