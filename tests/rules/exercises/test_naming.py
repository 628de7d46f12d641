"""When two names of private exercises are the same name."""

import pytest

from services.exercises.private.naming import unique_name


@pytest.mark.parametrize(
    "other",
    [
        *("CURL 2", "Cúrl2", "c u r l 2", "Curl\N{NO-BREAK SPACE}2", "Curl\N{ZERO WIDTH SPACE} 2"),
        *("Cu\N{SOFT HYPHEN}rl 2", "Curl 2\N{RIGHT-TO-LEFT MARK}", "\N{ZERO WIDTH JOINER}Curl 2"),
    ],
)
def test_case_accents_spaces_and_what_is_not_seen_make_no_other_name(other):
    assert unique_name(other) == unique_name("Curl 2")


@pytest.mark.parametrize(
    "other", ["Curl\N{SUPERSCRIPT TWO}", "Curl \N{CIRCLED DIGIT TWO}", "Curl-2"]
)
def test_other_signs_make_another_name(other):
    assert unique_name(other) != unique_name("Curl 2")
