"""Languages and regions."""

import pytest
from marshmallow import ValidationError

from schemas.fields import Locale


@pytest.mark.parametrize(
    ("given", "loaded"),
    [
        ("de", "de"),
        ("DE", "de"),
        (" pt-br ", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-rozaj-biske-1994", "sl-rozaj-biske-1994"),
        ("en-us-u-hc-h12", "en-US-u-hc-h12"),
        ("de-x-at", "de-x-at"),
        ("", None),
        ("  ", None),
    ],
)
def test_tags_are_loaded_in_the_usual_capitals(given, loaded):
    assert Locale().convert(given) == loaded


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        (7, "type"),
        (["de"], "type"),
        ("d", "locale"),
        ("pt_BR", "locale"),
        ("de-", "locale"),
        ("de--DE", "locale"),
        ("deutsch und englisch", "locale"),
        ("d\u00e9", "locale"),
        ("de-abcdefghi", "locale"),
        ("de" + "-abcd" * 7, "max_length"),
        ("d\0e", "characters"),
    ],
)
def test_what_is_no_tag(given, constraint):
    with pytest.raises(ValidationError) as refusal:
        Locale().convert(given)

    [violation] = refusal.value.messages
    assert violation.details["constraint"] == constraint
