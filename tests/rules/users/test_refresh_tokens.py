"""What follows from a refresh token."""

import re

import pytest

from services.users.sessions import refresh_tokens

KEY = "the secret of these tests, which is long enough"


def test_a_token_is_random_and_fits_into_a_url():
    tokens = {refresh_tokens.new() for _ in range(100)}

    assert len(tokens) == 100
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_the_successor_is_as_long_and_always_the_same():
    token = refresh_tokens.new()
    successor = refresh_tokens.successor_of(token, KEY)

    assert re.fullmatch("[A-Za-z0-9_-]{43}", successor)
    assert refresh_tokens.successor_of(token, KEY) == successor
    assert refresh_tokens.successor_of(successor, KEY) not in (token, successor)


def test_without_the_key_nothing_follows():
    token = refresh_tokens.new()
    for derive in (refresh_tokens.successor_of, refresh_tokens.access_token_id):
        assert derive(token, KEY) != derive(token, KEY + "!")


def test_the_id_of_the_access_token_tells_nothing_of_the_refresh_token():
    token = refresh_tokens.new()
    token_id = refresh_tokens.access_token_id(token, KEY)

    assert re.fullmatch("[0-9a-f]{32}", token_id)
    assert token_id not in refresh_tokens.hash_of(token).hex()


@pytest.mark.parametrize("text", ["", "nul\0", "\ud800", "é" * 5000])
def test_any_text_has_a_hash(text):
    assert len(refresh_tokens.hash_of(text)) == 32
