"""What messages carry: plain values, exact numbers, and no types made from what a client wrote."""

import json
import sys
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orjson import Fragment

from services.process import budgets
from services.transport.amqp.json import CONTENT_TYPE, ENCODING, dumps, loads
from services.transport.amqp.publishing import TooLarge, check_size

LARGE = 2**70
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-LARGE, LARGE),
    # beyond that a float's digits are those of another whole number
    st.floats(-(2**53), 2**53),
    st.decimals(-LARGE, LARGE, places=8),
    st.text(st.characters(codec=None)),
)
values = st.recursive(
    scalars,
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(st.text(st.characters(codec=None), max_size=5), below, max_size=4)
    ),
    max_leaves=20,
)


def read(body, content_type=CONTENT_TYPE, encoding=ENCODING):
    return loads(body, content_type, encoding)


def exactly(value):
    """A value with its numbers as decimals: 0.1 is 0.1, not the float that is nearest to it."""
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [*map(exactly, value)]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else value


@given(values)
def test_whatever_is_sent_arrives_as_it_was(value):
    assert exactly(read(dumps(value))) == exactly(value)


@pytest.mark.parametrize(
    "written", [b"100.00000000000000001", b"1e-400", b"1e400", b"123456789.123456789"]
)
def test_a_number_arrives_with_all_its_digits(written):
    assert read(b'{"a":%b}' % written) == {"a": Decimal(written.decode())}


@pytest.mark.parametrize("name", ["date", "datetime", "decimal", "uuid", "no such type", 1, None])
def test_what_looks_like_a_type_to_kombu_is_an_object(name):
    value = {"date": {"__type__": name, "__value__": "30"}}
    assert read(json.dumps(value).encode()) == value
    # a long number sends a text to the other reader
    value["weight"] = LARGE
    assert read(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (b"{", CONTENT_TYPE, ENCODING),
        (b"", CONTENT_TYPE, ENCODING),
        (b"NaN", CONTENT_TYPE, ENCODING),
        (b'{"a":-Infinity}', CONTENT_TYPE, ENCODING),
        (b"1" * 5000, CONTENT_TYPE, ENCODING),
        (b"1e99999999999999999999", CONTENT_TYPE, ENCODING),
        (b'"\xff"', CONTENT_TYPE, ENCODING),
        ('{"a":1}'.encode("utf-16"), CONTENT_TYPE, "utf-16"),
        (b"{}", "application/x-python-serialize", ENCODING),
        (b"{}", None, ENCODING),
        (b"{}", CONTENT_TYPE, "rot13"),
    ],
)
def test_what_is_no_json_is_a_value_error(body, content_type, encoding):
    with pytest.raises(ValueError):  # noqa: PT011 - there are as many messages as faults
        loads(body, content_type, encoding)


# the json module stops at the interpreter's limit of recursion, which Python 3.13 raised
TOO_DEEP = 2_000 if sys.version_info < (3, 13) else 100_000


@pytest.mark.parametrize("depth", [TOO_DEEP, 500_000])
def test_a_text_nested_too_deep_is_an_ordinary_exception(depth):
    with pytest.raises((ValueError, RecursionError)):
        read(b"[" * depth + b"]" * depth)


@pytest.mark.parametrize(
    "value",
    [
        date(2026, 1, 1),
        datetime(2026, 1, 1),
        UUID(int=1),
        b"bytes",
        Decimal("NaN"),
        {1: 2},
        [LARGE, date(2026, 1, 1)],
        [LARGE, {1: 2}],
    ],
)
def test_what_json_has_no_place_for_is_refused(value):
    if isinstance(value, UUID):
        assert read(dumps(value)) == str(value)
        return
    with pytest.raises((TypeError, ValueError)):
        dumps(value)


def test_what_is_json_already_is_handed_on():
    assert read(dumps({"a": Fragment(b'{"b": 1.50}')})) == {"a": {"b": 1.5}}
    assert read(dumps({"a": Fragment('{"b": 1.50}'), "c": LARGE})) == {"a": {"b": 1.5}, "c": LARGE}


def test_a_message_has_a_largest_size():
    check_size(b"x" * budgets.LARGEST_MESSAGE)
    with pytest.raises(TooLarge, match="4194305 bytes"):
        check_size(b"x" * (budgets.LARGEST_MESSAGE + 1))
