"""The framing of a request (RFC 9112): for whom it is and where it ends must not be in doubt.

Two servers in a row that understand one request in two ways let a client smuggle a second one past
the first server. Each case here kills a mutant of ``check_framing``.
"""

import pytest

from services.transport.http.messages import Head, Refused
from services.transport.http.request_head import check_framing

HOST = "Exactly one Host header is needed"
BAD_HOST = "The Host is not a name or address with or without a port"
LENGTH = "The Content-Length is not one whole number"
ENCODING = "Transfer-Encoding is not possible here"


def head(version=(1, 1), **headers):
    named = {name.replace("_", "-"): values for name, values in headers.items()}
    return Head("POST", "/", version, {"host": ["gym"]} | named)


@pytest.mark.parametrize(
    "good",
    [
        head(),
        head((1, 0)),
        # HTTP/1.0 knows no Host, and whoever sends one is understood
        Head("GET", "/", (1, 0)),
        head((1, 2)),
        head(content_length=["0"]),
        head((1, 0), content_length=["5"]),
        head(content_length=["00017"]),
        head(content_length=["9" * 1000]),
        head(transfer_encoding=["chunked"]),
        head(transfer_encoding=["Chunked"]),
        head(expect=["100-continue"]),
        head(expect=["100-Continue"]),
        # a repeated expectation is the same one
        head(expect=["100-continue", "100-CONTINUE"]),
        head((1, 0), expect=["100-continue"]),
    ],
)
def test_what_leaves_no_doubt_is_taken(good):
    check_framing(good)


@pytest.mark.parametrize(
    ("doubtful", "status", "message"),
    [
        (Head("GET", "/", (1, 1)), 400, HOST),
        (Head("GET", "/", (1, 1), {"host": []}), 400, HOST),
        (Head("GET", "/", (0, 9)), 400, HOST),
        (Head("GET", "/", (1, 2)), 400, HOST),
        (head(host=["gym", "gym"]), 400, HOST),
        (head((1, 0), host=["gym", "other"]), 400, HOST),
        (head(host=["g@m"]), 400, BAD_HOST),
        (head((1, 0), host=["g@m"]), 400, BAD_HOST),
        (head(content_length=["5", "5"]), 400, LENGTH),
        (head(content_length=["5", "6"]), 400, LENGTH),
        (head(content_length=["5, 5"]), 400, LENGTH),
        (head(content_length=[""]), 400, LENGTH),
        (head(content_length=["+5"]), 400, LENGTH),
        (head(content_length=["-1"]), 400, LENGTH),
        (head(content_length=["1_0"]), 400, LENGTH),
        (head(content_length=["0x5"]), 400, LENGTH),
        (head(content_length=["5 "]), 400, LENGTH),
        # a digit to Python's int(), as to no other server
        (head(content_length=["\xb2"]), 400, LENGTH),
        (head(content_length=["٥"]), 400, LENGTH),
        # int() refuses more than 4,300 digits with an exception of its own
        (head(content_length=["9" * 1001]), 400, LENGTH),
        (head(content_length=["5"], transfer_encoding=["chunked"]), 400, ENCODING),
        (head(content_length=["5"], transfer_encoding=["gzip"]), 400, ENCODING),
        (head((1, 0), transfer_encoding=["chunked"]), 400, ENCODING),
        (head(transfer_encoding=["gzip"]), 501, ""),
        (head(transfer_encoding=["gzip, chunked"]), 501, ""),
        (head(transfer_encoding=["gzip", "chunked"]), 501, ""),
        (head(transfer_encoding=["chunked", "chunked"]), 501, ""),
        (head(transfer_encoding=[""]), 501, ""),
        (head(transfer_encoding=["identity"]), 501, ""),
        (head(transfer_encoding=["chunked"], expect=["a miracle"]), 417, ""),
        (head(expect=["a miracle"]), 417, ""),
        (head(expect=[""]), 417, ""),
        (head(expect=["100-continue", "a miracle"]), 417, ""),
        (head(expect=["a miracle", "100-continue"]), 417, ""),
    ],
)
def test_what_leaves_doubt_is_refused(doubtful, status, message):
    with pytest.raises(Refused) as refusal:
        check_framing(doubtful)
    assert refusal.value.status == status
    assert refusal.value.message == (message or Refused(status).message)
