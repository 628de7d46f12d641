"""What an idempotency key may be."""

import pytest

from schemas.idempotency import LONGEST_KEY, is_idempotency_key


@pytest.mark.parametrize(
    "key", ["!", "~", "a" * LONGEST_KEY, "2b1f6e1e-6f5c-4a57-9d8e-0a3d6f0c1b2a"]
)
def test_visible_ascii_is_one(key):
    assert is_idempotency_key(key)


@pytest.mark.parametrize(
    "key", ["", "a" * (LONGEST_KEY + 1), "a b", "a\n", "\x7f", "é", "１", None, 1, b"key"]
)
def test_anything_else_is_none(key):
    assert not is_idempotency_key(key)
