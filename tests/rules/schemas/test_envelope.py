"""The envelope: its shape, its numbers, its pages."""

import json
from decimal import Decimal

import pytest

from gateway.responses.paging import links
from schemas.envelope import encode, envelope, page_of
from services.transport.http.messages import Head, HttpRequest


def test_has_data_meta_and_a_timestamp_in_whole_seconds():
    assert envelope([{"id": 1}], "req_1", now=1708084800.9) == {
        "data": [{"id": 1}],
        "meta": {"request_id": "req_1"},
        "timestamp": 1708084800,
    }


def test_leaves_errors_out_when_there_are_none():
    assert "errors" not in envelope([], "req_1")


def test_lists_errors_beside_empty_data():
    document = envelope([], "req_1", errors=[{"code": "NOT_FOUND", "message": "No"}])
    assert document["data"] == []
    assert document["errors"] == [{"code": "NOT_FOUND", "message": "No"}]


def test_has_a_page_only_if_there_is_one():
    page = page_of(1, 10, 47)
    assert envelope([], "req_1", page=page)["meta"] == {"request_id": "req_1", "page": page}


@pytest.mark.parametrize(
    ("total", "size", "pages"), [(0, 10, 0), (1, 10, 1), (10, 10, 1), (11, 10, 2), (47, 10, 5)]
)
def test_counts_pages(total, size, pages):
    assert page_of(1, size, total) == {
        "current_page": 1,
        "page_size": size,
        "total_pages": pages,
        "total_items": total,
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (8.0, "8"),
        (102.5, "102.5"),
        (Decimal("102.50"), "102.5"),
        (Decimal("8.00"), "8"),
        (Decimal("1E+3"), "1000"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (True, "true"),
        (None, "null"),
        (12345678901234567890, "12345678901234567890"),
        (9999999999.99, "9999999999.99"),
        ([1.0, {"a": 2.50}], '[1,{"a":2.5}]'),
    ],
)
def test_writes_numbers_without_trailing_noise(value, written):
    assert encode(value).decode() == written


def test_writes_what_no_json_number_can_be_as_text():
    assert json.loads(encode([float("inf"), Decimal("1e400")])) == ["inf", "inf"]


def test_is_compact_and_in_utf8():
    assert encode({"name": "développé", "reps": 5}) == '{"name":"développé","reps":5}'.encode()


def test_replaces_lone_surrogates():
    assert json.loads(encode({"received": "a\ud800b"})) == {"received": "a?b"}


def request(target):
    return HttpRequest(Head("GET", target))


def relations(target, page):
    listed = links(request(target), page).split(", ")
    pairs = [entry.split("; ") for entry in listed]
    return {relation.removeprefix("rel=").strip('"'): url for url, relation in pairs}


def test_links_all_neighbours_and_keeps_the_other_parameters():
    target = "/api/workouts?limit=10&page=2&date_from=2025-02-01"
    kept = "limit=10&date_from=2025-02-01"
    assert relations(target, page_of(2, 10, 47)) == {
        "first": f"</api/workouts?{kept}&page=1>",
        "prev": f"</api/workouts?{kept}&page=1>",
        "next": f"</api/workouts?{kept}&page=3>",
        "last": f"</api/workouts?{kept}&page=5>",
    }


def test_links_no_neighbours_at_the_ends():
    assert set(relations("/x", page_of(1, 10, 5))) == {"first", "last"}
    assert set(relations("/x", page_of(5, 10, 47))) == {"first", "prev", "last"}


def test_links_back_to_the_last_page_from_far_beyond_it():
    assert relations("/x?page=99", page_of(99, 10, 47))["prev"] == "</x?page=5>"


def test_links_an_empty_collection_to_its_first_page():
    assert relations("/x", page_of(1, 10, 0)) == {"first": "</x?page=1>", "last": "</x?page=1>"}


def test_links_escape_what_a_client_wrote():
    url = relations("/x?search=a%20%3E%22b,c", page_of(1, 10, 5))["first"]
    assert url == "</x?search=a%20%3E%22b%2Cc&page=1>"
