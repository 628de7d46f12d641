"""Forged tokens over HTTP, on a real route. ``tests/rules/test_auth.py`` has many more."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest

from services.auth import ISSUER, LIFETIME_SECONDS

DAY = 24 * 3600
MISSING = object()


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def signed(header, claims, secret, hash_name="sha256"):
    """Sign whatever it is, as no library would."""
    signing_input = part(header) + b"." + part(claims)
    signature = hmac.new(secret.encode(), signing_input, hash_name).digest()
    return (signing_input + b"." + part(signature)).decode()


@pytest.fixture
def forge(person, settings):
    """Make a token that is right but for what the test says."""
    now = int(time.time())
    good = {
        "user_id": person.id,
        "email": person.user.email,
        "name": None,
        "role": "user",
        "exp": now + LIFETIME_SECONDS,
        "iat": now,
        "iss": ISSUER,
        "jti": "0123456789abcdef",
    }

    def make(header=None, secret=None, hash_name="sha256", **changes):
        claims = {key: value for key, value in (good | changes).items() if value is not MISSING}
        header = {"alg": "HS256", "typ": "JWT"} | (header or {})
        return signed(header, claims, secret or settings.jwt_secret, hash_name)

    make.now = now
    return make


@pytest.fixture
def status(http, person):
    def ask(token):
        answer = http.get(f"/api/users/{person.id}", token=token)
        if answer.status_code == 401:
            (error,) = answer.json()["errors"]
            assert error == {
                "code": "UNAUTHORIZED",
                "message": "The token is not valid or has expired",
            }
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        return answer.status_code

    return ask


def test_the_forger_can_make_a_good_one(forge, status):
    assert status(forge()) == 200


def test_no_signature(forge, status):
    head, claims, signature = forge().split(".")
    for name in ("none", "None", "NONE", "nOnE", ""):
        unsigned = part({"alg": name, "typ": "JWT"}).decode()
        for end in ("", signature):
            assert status(f"{unsigned}.{claims}.{end}") == 401
    assert status(f"{head}.{claims}.") == 401
    assert status(f"{head}.{claims}") == 401


@pytest.mark.parametrize(
    ("algorithm", "hash_name"),
    [("HS384", "sha384"), ("HS512", "sha512"), ("HS384", "sha256"), ("hs256", "sha256")],
)
def test_another_hash(forge, status, algorithm, hash_name):
    assert status(forge({"alg": algorithm}, hash_name=hash_name)) == 401


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
def test_the_name_of_an_asymmetric_algorithm_with_the_secret_as_key(forge, status, algorithm):
    assert status(forge({"alg": algorithm})) == 401


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": "' UNION SELECT 'key"},
        {"jku": "https://attacker.example/keys.json"},
        {"x5u": "https://attacker.example/chain.pem"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
    ],
    ids=str,
)
def test_a_header_that_says_where_the_key_is(forge, status, header):
    assert status(forge(header)) == 401
    assert status(forge(header, secret="\0")) == 401
    assert status(forge(header, secret="key")) == 401


def in_words(value):
    """Name a test without an address, which each process of the suite would have otherwise."""
    return "missing" if value is MISSING else str(value)


@pytest.mark.parametrize("claim", ["user_id", "email", "role", "exp", "iat", "iss", "jti"])
@pytest.mark.parametrize("value", [MISSING, None, {}, [], True, ""], ids=in_words)
def test_a_missing_claim_or_one_of_a_wrong_type(forge, status, claim, value):
    # an empty e-mail is a text as good as any: nothing looks at it
    expected = 200 if (claim, value) == ("email", "") else 401
    assert status(forge(**{claim: value})) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": "1"},
        {"user_id": 0},
        {"user_id": -1},
        {"user_id": 1.5},
        {"user_id": 2**63},
        {"role": "root"},
        {"role": ["admin"]},
        {"iss": "analytics-service"},
        {"iss": [ISSUER]},
        {"jti": "a:b*"},
    ],
    ids=str,
)
def test_a_claim_that_can_not_be(forge, status, changes):
    assert status(forge(**changes)) == 401


def test_times(forge, status):
    now = forge.now
    assert status(forge(exp=now - 1)) == 401
    assert status(forge(exp=now)) == 401
    assert status(forge(exp=now - DAY, iat=now - 2 * DAY)) == 401
    assert status(forge(iat=now + 3600, exp=now + DAY)) == 401
    assert status(forge(exp=str(now + DAY))) == 401
    assert status(forge(exp=10**300)) == 401
    assert status(forge(nbf=now + 3600)) == 401


def test_another_secret(forge, status, settings):
    for secret in (
        "your-super-secret-jwt-key-change-in-production",
        "a-secret-for-development-only-never-in-earnest",
        settings.jwt_secret.upper(),
        settings.jwt_secret[:-1],
        hashlib.sha256(settings.jwt_secret.encode()).hexdigest(),
        "secret",
    ):
        assert status(forge(secret=secret)) == 401


def test_one_bit_flipped(forge, status):
    token = forge()
    for place in range(0, len(token), 11):
        flipped = token[:place] + chr(ord(token[place]) ^ 1) + token[place + 1 :]
        if flipped[place] in ("\x7f", " "):
            continue
        assert status(flipped) == 401, place


def test_claims_of_one_token_under_the_signature_of_another(forge, status):
    head, _, signature = forge().split(".")
    _, promoted, _ = forge(role="admin", secret="another secret of enough bytes!!").split(".")
    assert status(f"{head}.{promoted}.{signature}") == 401


def test_a_token_anywhere_but_in_its_header(http, person):
    path, token = f"/api/users/{person.id}", person.token()
    for query in ("token", "access_token", "jwt"):
        assert http.get(f"{path}?{query}={token}").status_code == 401
    for headers in (
        {"Cookie": f"token={token}"},
        {"X-Auth-Token": token},
        {"Authorization": token},
        {"Authorization": f"Basic {token}"},
        {"Authorization": f"Bearer {token}, Bearer {token}"},
    ):
        assert http.get(path, headers=headers).status_code == 401


def test_a_signed_token_of_another_library_is_as_good(http, person, settings):
    claims = jwt.decode(person.token(), options={"verify_signature": False})
    token = jwt.encode(claims, settings.jwt_secret, algorithm="HS256")
    assert http.get(f"/api/users/{person.id}", token=token).status_code == 200
