"""Bodies: what counts as JSON, and how numbers come through."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.requests import json_body
from gateway.requests.json_body import check_media_type, parse_object
from schemas.errors import ValidationFailed
from services.transport.http import HttpRequest, Refused
from services.transport.http.messages import Head


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
        {"Content_Type": "application/json; charset = latin-1"},
        {"Content_Type": 'application/json; charset="latin-1'},
        {"Content_Type": "application/json; charset="},
        {"Content_Type": "application/json; charset=latin-1; charset=utf-8"},
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


# -- bounds -----------------------------------------------------------------------------------


def in_list(item, times):
    return b'{"a":[' + b",".join([item] * times) + b"]}"


BEYOND_ALL_BOUNDS = {
    "brackets": b"[" * 500_000 + b"]" * 500_000,
    "objects": b'{"a":' * 150_000,
    "empty lists": in_list(b"[]", 300_000),
    "numbers": in_list(b"9e-300", 140_000),
    "texts": in_list(b'"x"', 250_000),
    "commas after a text with quotes": b'{"a":"'
    + b'\\"' * 1000
    + b'","b":['
    + b"1," * 20_000
    + b"1]}",
    "commas after a backslash": b'{"a":"\\\\","b":[' + b"1," * 20_000 + b"1]}",
    "members": b"{" + b",".join(b'"%d":1' % number for number in range(17_000)) + b"}",
}


@pytest.mark.parametrize("body", BEYOND_ALL_BOUNDS.values(), ids=BEYOND_ALL_BOUNDS)
def test_a_body_of_too_many_values_is_refused_before_they_are_made(body, monkeypatch):
    for reader in ("_parse_plain", "_parse_strictly"):
        monkeypatch.setattr(json_body, reader, None)
    assert constraint_of(body) == "json"


@pytest.mark.parametrize(
    "text", [", [{", '\\", [{', "\\\\, [{", "\\\\\\\\", '\\\\\\", [{', "x" * 65_535]
)
@pytest.mark.parametrize("before", range(4))
def test_what_stands_in_texts_is_no_value(text, before):
    padding = "x" * (json_body.BYTES_AT_ONCE - 20 + before)
    body = f'{{"padding":"{padding}","texts":["{text * (200_000 // len(text))}"]}}'.encode()
    assert parse_object(body)["texts"] == json.loads(body)["texts"]


@pytest.mark.parametrize(("times", "is_fine"), [(15_000, True), (16_000, False)])
def test_so_many_values_are_taken(times, is_fine):
    if is_fine:
        assert len(parse_object(in_list(b"1", times))["a"]) == times
    else:
        assert constraint_of(in_list(b"1", times)) == "json"


def test_the_largest_workout_is_taken():
    one = {
        "set_number": 1,
        "reps": 5,
        "weight": 100.5,
        "unit": "kg",
        "set_type": "normal",
        "rpe": 8,
    }
    more = {"duration_seconds": 1, "distance_m": 1, "rir": 2, "rest_seconds": 90, "notes": "a, b"}
    exercise = {"exercise_id": 1, "order_index": 1, "superset": 1, "notes": "[1]"}
    workout = {"exercises": [exercise | {"sets": [one | more] * 10}] * 100, "notes": "," * 5000}
    assert parse_object(json.dumps(workout).encode()) == workout


def test_an_object_of_too_many_members_is_refused():
    members = {str(number): number for number in range(1001)}
    assert constraint_of(json.dumps(members).encode()) == "json"
    members.popitem()
    assert parse_object(json.dumps(members).encode()) == members


IN_BOUNDS = {
    "numbers": in_list(b"9e-300", 15_900),
    "digits": in_list(b"1.23456789012345678901234567", 15_900),
    "lists": in_list(b"[]", 7_000),
    "floats": in_list(b"1.0", 15_900),
    "commas in texts": in_list(b'"' + b"," * 900 + b'"', 1000),
}


@pytest.mark.parametrize("body", IN_BOUNDS.values(), ids=IN_BOUNDS)
def test_others_get_their_turn_while_a_large_body_is_read(body):
    turns = []
    parse_object(body, lambda: turns.append(None))
    assert turns
