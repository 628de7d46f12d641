"""A gateway with two more routes: one takes a file as a stream, the other gives one."""

import re

from gateway.entrypoint import route
from gateway.openapi.contents import stream_of
from gateway.requests.parameters import NoParameters
from gateway.requests.uploads import TakesUpload
from gateway.responses.replies import Reply
from gateway.responses.streams import StreamedReply
from gateway.service import Gateway
from gateway.upstream.remote_services import UpstreamService
from gateway.upstream.result_shapes import INTEGER
from schemas import responses
from services.transport.deadlines import seconds_left

UPLOAD, EXPORT, MIRROR = "/api/workouts/upload", "/api/workouts/export", "/api/workouts/mirror"
CSV = "text/csv"


class StreamingGateway(Gateway):
    """What ``workouts.take`` and ``workouts.page`` do is the test's to say."""

    workouts = UpstreamService(
        "workouts", reads=["get", "page"], writes=["take", "give_up"], returns={"take": INTEGER}
    )
    ends = []
    """How each generator, and each upload that was not read to its end, has ended."""
    seconds_left = []
    """How long each call for a page might have taken."""

    @route(
        "POST",
        UPLOAD,
        upload=TakesUpload((CSV, "application/json"), "Sets, one a line."),
        status=202,
        shows=responses.Workout,
        example={"received": 1},
    )
    def upload_sets(self, request):
        """Take sets."""
        received = 0
        try:
            for number, piece in enumerate(request.upload):
                received += self.workouts.take(number, piece)
        except BaseException as problem:
            self.ends.append(problem)
            self.workouts.give_up()
            raise
        return Reply({"received": received, "is": request.upload.media_type})

    @route("GET", EXPORT, shows=stream_of(CSV, about="Sets, one a line."))
    def export_sets(self, request):
        """Give sets."""
        return StreamedReply(self._pages(), "text/csv; charset=utf-8", "sets.csv")

    @route(
        "POST",
        MIRROR,
        query=NoParameters,
        upload=TakesUpload((CSV,), "Sets, one a line."),
        shows=stream_of(CSV, about="The same sets."),
    )
    def mirror_sets(self, request):
        """Give what was taken."""
        return StreamedReply(list(request.upload), CSV)

    def _pages(self):
        try:
            number = 0
            while (page := self._page(number)) is not None:
                yield page
                number += 1
        except BaseException as problem:
            self.ends.append(problem)
            raise
        else:
            self.ends.append(None)

    def _page(self, number):
        self.seconds_left.append(seconds_left(self.workouts._worker_ctx, 99))
        return self.workouts.page(number)["rows"]


def send(path, body=b"", token="", length=None, more="", version="1.1"):
    """Return a request with a body, or the beginning of one."""
    length = len(body) if length is None else length
    return (
        f"POST {path} HTTP/{version}\r\nHost: gym\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: text/csv\r\nContent-Length: {length}\r\n{more}\r\n"
    ).encode() + body


def get(path, token="", more="", method="GET", version="1.1"):
    signed = f"Host: gym\r\nAuthorization: Bearer {token}\r\n"
    return f"{method} {path} HTTP/{version}\r\n{signed}{more}\r\n".encode()


def read_until(connection, end):
    """Return what a connection brings, up to an end that it must have."""
    received = b""
    while not received.endswith(end):
        piece = connection.recv(65536)
        assert piece, received[-200:]
        received += piece
    return received


def statuses(answers):
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d+) ", answers)]


def unchunk(body):
    """Return the content of chunks and what follows the last one; fail if that is missing."""
    content = b""
    while True:
        size, line, body = body.partition(b"\r\n")
        assert line, "the last chunk is missing"
        length = int(size, 16)
        assert body[length : length + 2] == b"\r\n", "a chunk is not whole"
        content, body = content + body[:length], body[length + 2 :]
        if not length:
            return content, body


class Pages:
    """Answers of ``workouts.page``: so many of them, all of one size."""

    def __init__(self, number, size):
        self.number, self.size = number, size
        self.asked = []
        self.problems = {}
        self.gate = None

    def __call__(self, number):
        self.asked.append(number)
        if number in self.problems:
            raise self.problems[number]
        return {"rows": self.of(number) if number < self.number else None}

    def of(self, number):
        return b"%07d\n" % number * (self.size // 8)

    @property
    def whole(self):
        return b"".join(map(self.of, range(self.number)))


def nothing_is_held(gateway):
    """Whether no stream is left, nor anything that one has held."""
    admission = gateway.container.shared_extensions
    shares = next(each for kind, each in admission.items() if kind.__name__ == "Admission")
    return (
        not shares.streams._in_use
        and not shares.shares._in_use
        and not gateway.server.memory_limits.total
        and gateway.server.workers._free.balance == gateway.container.max_workers
        and not gateway.container._worker_threads
    )


def is_silent(connection, seconds=0.2):
    connection.settimeout(seconds)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return True
