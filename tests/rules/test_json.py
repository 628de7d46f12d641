"""Bodies: what counts as JSON, and how numbers come through."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.json_body import check_media_type, parse_object
from schemas.errors import ValidationFailed
from services.dependencies.web import HttpRequest, Refused
from services.dependencies.web.messages import Head


def constraint_of(body):
    with pytest.raises(ValidationFailed) as caught:
        parse_object(body)
    (entry,) = caught.value.faults
    assert "field" not in entry
    return entry["details"]["constraint"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b'{"a":1}x',
        b'{"a":1}{"a":1}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":"\t"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":' + b"1" * 33 + b"}",
        b'{"a":1e9999999999999999999}',
        b'{"a":0.' + b"1" * 31 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 100_000,
        b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_refuses_what_is_not_one_clear_json_text(body):
    assert constraint_of(body) == "json"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"true", b"null"])
def test_refuses_what_is_no_object(body):
    assert constraint_of(body) == "type"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"75", 75),
        (b"75.0", 75),
        (b"7.5e1", 75),
        (b"1e2", 100),
        (b"-0", 0),
        (b"-0.0", 0),
        (b"100.000", 100),
        (b"102.5", 102.5),
        (b"0.1", 0.1),
        (b"1.005", 1.005),
        (b"9223372036854775807", 2**63 - 1),
        (b"1" * 32, int("1" * 32)),
    ],
)
def test_reads_numbers(written, value):
    number = parse_object(b'{"n":' + written + b"}")["n"]
    assert number == value
    assert type(number) is type(value)


@pytest.mark.parametrize("written", ["0.1000000000000000055511151231", "1.00000000000000000001"])
def test_keeps_every_decimal_that_a_float_would_lose(written):
    assert parse_object(f'{{"n":{written}}}'.encode())["n"] == Decimal(written)


@pytest.mark.parametrize("written", ["1e999999999", "1e-999999999", "1e400", "-1e400"])
def test_does_not_write_out_numbers_beyond_measure(written):
    assert parse_object(f'{{"n":{written}}}'.encode())["n"] == Decimal(written)


NUMBERS = [
    *["0", "-0", "5", "100", "1234567", "12345678", "-1234567.1234567", "0.12345678", "75.0"],
    *["0.0", "-0.0", "1e2", "1E2", "1.5e-3", "102.5", "9007199254740993", "0.1000000000000000055"],
    *["01", "1.", ".5", "NaN", "1e400"],
]
TEXTS = [
    '""',
    '"a"',
    '"a:b"',
    '"\\u00e9"',
    '"\\ud800"',
    '"12345678"',
    '"0e"',
    '"\n"',
    "true",
    "null",
]
KEYS = ['"a"', '"b"', '"c:d"', '"\\u0061"']


def _written_object(pairs):
    return "{" + ",".join(f"{key} :{value}" for key, value in pairs) + "}"


bodies = st.recursive(
    st.sampled_from(NUMBERS + TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=3).map(_written_object)
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.sampled_from(KEYS), bodies), max_size=3).map(_written_object))
def test_every_way_of_reading_comes_to_the_same(text):
    try:
        expected = _read_exactly(text)
    except ValueError:
        assert constraint_of(text.encode()) == "json"
        return
    assert _with_kinds(parse_object(text.encode())) == _with_kinds(expected)


def _read_exactly(text):
    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    def number(written):
        exact = Decimal(written)
        if exact.adjusted() < 32 and exact == exact.to_integral_value():
            return int(exact)
        near = float(written)
        return near if Decimal(repr(near)) == exact else exact

    def refuse(name):
        raise ValueError(name)

    return json.loads(
        text, object_pairs_hook=once, parse_float=number, parse_int=int, parse_constant=refuse
    )


def _with_kinds(value):
    if isinstance(value, dict):
        return {key: _with_kinds(child) for key, child in value.items()}
    if isinstance(value, list):
        return list(map(_with_kinds, value))
    return type(value), value


def test_keeps_texts_as_they_are():
    assert parse_object('{"name":" développé\\n"}'.encode()) == {"name": " développé\n"}


def request(has_body=True, **headers):
    given = {name.lower().replace("_", "-"): [value] for name, value in headers.items()}
    if has_body:
        given["content-length"] = ["2"]
    return HttpRequest(Head("POST", "/", headers=given))


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json ; charset=utf8",
    ],
)
def test_takes_json_in_utf8(media_type):
    check_media_type(request(Content_Type=media_type))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content_Type": ""},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/jsonp"},
        {"Content_Type": "application/json; charset=latin-1"},
        {"Content_Type": "application/json; charset=utf-16"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "multipart/form-data; boundary=x"},
        {"Content_Type": "application/json", "Content_Encoding": "gzip"},
    ],
)
def test_refuses_other_media_types(headers):
    with pytest.raises(Refused) as caught:
        check_media_type(request(**headers))
    assert caught.value.status == 415


def test_leaves_a_missing_body_without_a_type_to_the_reading_of_it():
    check_media_type(request(has_body=False))
