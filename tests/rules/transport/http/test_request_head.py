"""Heads of requests: what is made of them depends on their bytes, not on their pieces."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transport.http import limits
from services.transport.http.messages import Head, HttpRequest, Refused
from services.transport.http.plain_get import PlainGet, PlainGets, read_plain_get
from services.transport.http.request_head import HeadReader, check_framing, is_host, parse

GOOD = b"GET /a?b=c HTTP/1.1\r\nHost: gym\r\nX: 1\r\nx: 2\r\n\r\n"


def decide(pieces, ended=True):
    """What becomes of a stream: a refusal's status, a head, or nothing yet."""
    reader, received = HeadReader(), b""
    try:
        for piece in pieces:
            received += piece
            end = reader.find_end(received, ended=False)
            if end is not None:
                return judge(received, end)
        end = reader.find_end(received, ended)
    except Refused as refusal:
        return refusal.status
    return None if end is None else judge(received, end)


def judge(received, end):
    head = parse(received[:end])
    try:
        check_framing(head)
    except Refused as refusal:
        return refusal.status
    return end, head


# --- streams that are nearly right


words = st.sampled_from(
    [
        *(
            b"GET",
            b"POST",
            b"BREW",
            b"G@T",
            b"/",
            b"/api/x?y=%zz",
            b"*",
            b"http://gym/",
            b"\x80",
            b"",
        ),
        *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"HTTP/1.x", b"HTTP/11111111111.1"),
    ]
)
gaps = st.sampled_from([b" ", b" ", b" ", b"  ", b"\t", b""])
ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""])
names = st.sampled_from(
    [
        *(b"Host", b"Host", b"Content-Length", b"Transfer-Encoding", b"Expect", b"Connection"),
        *(b"X-Request-ID", b"X", b"X Y", b"", b" X", b"X\x00"),
    ]
)
colons = st.sampled_from([b": ", b":", b" : ", b""])
values = st.sampled_from(
    [
        *(b"gym", b"5", b"+5", b"-1", b"1_0", b"chunked", b"gzip", b"100-continue", b"a miracle"),
        *(b"close", b"", b" ", b"a\rb", b"\x00", b"\xff", b"v" * 100, b"v" * 9000),
    ]
)
request_lines = st.tuples(words, gaps, words, gaps, words, ends).map(b"".join)
good_lines = st.sampled_from([b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.0\n"])
header_lines = st.tuples(names, colons, values, ends).map(b"".join)
heads = st.tuples(
    st.sampled_from([b"", b"", b"\r\n", b"\n", b"\r\n\r\n"]),
    st.one_of(good_lines, request_lines),
    st.lists(header_lines, max_size=8).map(b"".join),
    st.sampled_from([b"\r\n", b"\n", b""]),
    st.binary(max_size=20),
).map(b"".join)
streams = st.one_of(st.binary(max_size=200), heads)


def cut(stream, places):
    inside = sorted({place % (len(stream) + 1) for place in places})
    bounds_of_pieces = [0, *inside, len(stream)]
    return [stream[begin:end] for begin, end in itertools.pairwise(bounds_of_pieces)]


@given(streams, st.lists(st.integers(0, 20_000), max_size=6), st.booleans())
def test_pieces_make_no_difference(stream, places, ended):
    assert decide(cut(stream, places), ended) == decide([stream], ended)


@given(streams)
def test_neither_do_single_bytes(stream):
    # long values take long byte by byte, and say no more than the test above
    stream = stream[:400]
    assert decide([bytes([byte]) for byte in stream]) == decide([stream])


@given(streams)
def test_what_is_there_is_decided_or_waited_for(stream):
    found = decide([stream], ended=False)
    assert found is None or isinstance(found, tuple) or found in (400, 414, 417, 431, 501, 505)
    # a stream that has ended leaves nothing open
    assert decide([stream], ended=True) is not None


nearly_hosts = st.text(st.sampled_from("ab1.-_~%2F,:;@/ []\t\x80"), max_size=12).map(
    lambda text: text.encode("latin-1")
)
meant = st.sampled_from(
    [
        *(b"Authorization", b"X-Forwarded-For", b"If-None-Match", b"traceparent", b"X-Request-ID"),
        *(b"Connection", b"Content-Type", b"Content-Length", b"Transfer-Encoding", b"Expect"),
        *(b"Origin", b"Upgrade", b"Idempotency-Key", b"host", b"X"),
    ]
)
meant_values = st.one_of(
    st.sampled_from([b"Bearer t", b"keep-alive", b"Keep-Alive", b"close", b"0", b"", b"x" * 3000]),
    st.binary(max_size=10),
)
plain_gets = st.builds(
    lambda target, host, headers, more: b"".join(
        [
            *(b"GET /", target, b" HTTP/1.1\r\nHost:", host, b"\r\n"),
            *(name + b": " + value + b"\r\n" for name, value in headers),
            *(b"A%d: b\r\n" % number for number in range(more)),
            b"\r\n",
        ]
    ),
    st.one_of(st.just(b"x"), st.binary(max_size=5), st.just(b"y" * 3000)),
    st.one_of(st.just(b" gym"), nearly_hosts),
    st.lists(st.tuples(meant, meant_values), max_size=6, unique_by=lambda header: header[0]),
    st.one_of(st.just(0), st.integers(limits.MOST_HEADERS - 8, limits.MOST_HEADERS + 2)),
)


@given(st.one_of(streams, plain_gets))
def test_a_fast_path_takes_nothing_that_the_parser_refuses(stream):
    known = PlainGets(lambda get: get)
    for _ in range(2):
        found = known.read(stream)
        if found is not None:
            assert decide([stream])[0] == len(stream)
            assert_same_meaning(*found, decide([stream])[1])


def assert_same_meaning(get, request_id, head):
    request = HttpRequest(head)
    assert (request.method, head.target.encode("latin-1")) == ("GET", get.target)
    assert head.keeps_connection
    assert not request.has_body
    texts = {name.decode(): value.decode("latin-1") for name, value in get.headers.items()}
    texts.pop("x-request-id", None)
    read = {name: request.header(name) for name in head.headers if name != "x-request-id"}
    assert read == texts
    if request_id:
        assert request.request_id == request_id.decode()
    else:
        assert request.request_id.startswith("req_")
    for name in ("Origin", "Expect", "Upgrade", "Idempotency-Key", "Content-Type"):
        assert request.header(name) is None


@given(streams, st.binary(max_size=20))
def test_known_heads_are_read_as_unknown_ones(stream, request_id):
    head = stream.replace(b"\r\nX: ", b"\r\nX-Request-ID: " + request_id + b"\r\nX: ", 1)
    known = PlainGets(lambda get: get)
    once = known.read(head)
    assert known.read(head) == once
    assert (once is None) == (read_plain_get(head) is None)


# --- what is made of good ones


def test_a_head_is_taken_apart():
    assert decide([GOOD]) == (
        len(GOOD),
        Head("GET", "/a?b=c", (1, 1), {"host": ["gym"], "x": ["1", "2"]}),
    )


@pytest.mark.parametrize("more", [b"", b"GET", b"\r\n", GOOD])
def test_what_follows_is_not_looked_at(more):
    assert decide([GOOD + more], ended=False)[0] == len(GOOD)


def test_so_many_headers_and_no_more():
    def headed(count):
        return decide([b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * (count - 1) + b"\r\n"])

    assert isinstance(headed(limits.MOST_HEADERS), tuple)
    assert headed(limits.MOST_HEADERS + 1) == 431


@pytest.mark.parametrize(
    ("length", "status"), [(limits.LONGEST_HEADER, None), (limits.LONGEST_HEADER + 1, 431)]
)
def test_so_long_a_line_and_no_longer(length, status):
    line = b"A: " + b"b" * (length - 5) + b"\r\n"
    found = decide([b"GET / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n"])
    assert found == status if status else isinstance(found, tuple)


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        ((1, 1), None, True),
        ((1, 1), "keep-alive", True),
        ((1, 1), "Close", False),
        ((1, 1), "te, close", False),
        ((1, 0), None, False),
        ((1, 0), "Keep-Alive", True),
    ],
)
def test_who_keeps_the_connection(version, connection, keeps):
    headers = {} if connection is None else {"connection": [connection]}
    assert Head("GET", "/", version, headers).keeps_connection is keeps


HOSTS = [
    *(b"", b"gym", b"gym.example:8080", b"127.0.0.1", b"127.0.0.1:1", b"[::1]", b"[::1]:8080"),
    *(b"[::ffff:192.0.2.1]", b"a_b~c", b"%67ym", b"gym:", b":80", b"g" * 500),
]
NO_HOSTS = [
    *(b"a b,c@/", b"a b", b"a/b", b"a@b", b"gym:port", b"gym:1:2", b"gym:123456", b"::1", b"[::1"),
    *(
        b"[gym]",
        b"[::1]x",
        b"[1::2::3]",
        b"[fe80::1%eth0]",
        b"%6",
        b"a\tb",
        b"g\xfcm",
        b"http://gym",
    ),
    *(b"a?b", b"a#b", b'"gym"', b"<gym>"),
]


@pytest.mark.parametrize(
    ("host", "good"), [*((host, True) for host in HOSTS), *((host, False) for host in NO_HOSTS)]
)
def test_what_is_a_host(host, good):
    assert is_host(host.decode("latin-1")) is good
    head = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
    assert isinstance(decide([head]), tuple) is good
    assert good or decide([head]) == 400
    assert (read_plain_get(head) is not None) is good


# --- plain GETs, for a fast path


def plain(more=b"", target=b"/x"):
    return b"GET " + target + b" HTTP/1.1\r\nHost: gym\r\n" + more + b"\r\n"


def test_a_plain_get_is_recognised():
    more = b"Authorization: Bearer t\r\nIf-None-Match: *\r\nX-Forwarded-For: ::1\r\nA: b\r\n"
    assert read_plain_get(plain(more)) == PlainGet(
        b"/x",
        {
            b"host": b"gym",
            b"authorization": b"Bearer t",
            b"if-none-match": b"*",
            b"x-forwarded-for": b"::1",
            b"a": b"b",
        },
    )


@pytest.mark.parametrize(
    "unusual",
    [
        *(b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Origin: x\r\n"),
        *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: upgrade\r\n"),
        *(b"Host: again\r\n", b"A: b\r\na: c\r\n", b"A : b\r\n", b"A\r\n", b"A: b\n", b" A: b\r\n"),
        *(b"A: " + b"b" * 5000 + b"\r\n",),
    ],
)
def test_anything_unusual_is_left_to_the_parser(unusual):
    assert read_plain_get(plain(unusual)) is None


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (b"X-Request-ID: one.2-a_B", b"one.2-a_B"),
        (b"x-request-id: one", b"one"),
        (b"X-ReQuest-Id: one", b"one"),
        (b"X-Request-ID:one", b"one"),
        (b"X-Request-ID: a b", b""),
        (b"X-Request-ID: " + b"a" * 65, b""),
        (b"X-Request-ID: ", b""),
    ],
)
def test_the_id_is_read_however_it_is_spelt(given, read):
    known = PlainGets(lambda get: get)
    for _ in range(2):
        get, request_id = known.read(plain(given + b"\r\n"))
        assert (get.target, request_id) == (b"/x", read)


def test_two_ids_are_unusual():
    both = b"X-Request-ID: a\r\nX-Request-ID: b\r\n"
    assert PlainGets(lambda get: get).read(plain(both)) is None


def test_heads_that_differ_in_their_id_only_are_one():
    known = PlainGets(lambda get: get)
    first, _ = known.read(plain(b"X-Request-ID: a\r\nAuthorization: Bearer t\r\n"))
    second, _ = known.read(plain(b"X-Request-ID: bc\r\nAuthorization: Bearer t\r\n"))
    other, _ = known.read(plain(b"X-Request-ID: bc\r\nAuthorization: Bearer u\r\n"))
    assert second is first
    assert other.headers[b"authorization"] == b"Bearer u"


def test_not_all_heads_are_remembered(monkeypatch):
    monkeypatch.setattr("services.transport.http.plain_get.MOST_KNOWN", 10)
    known = PlainGets(lambda get: get)
    for number in range(100):
        assert known.read(plain(target=b"/%d" % number))[0].target == b"/%d" % number
    assert len(known._known) <= 10
