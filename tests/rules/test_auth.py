"""Who is believed, and who is not."""

import base64
import json
import uuid
from types import SimpleNamespace

import jwt
import pytest
from jwt.algorithms import HMACAlgorithm

from schemas.errors import Unauthorized
from services import auth

SECRET = "the secret of these tests, which is long enough for HS512 as well!"
SETTINGS = SimpleNamespace(jwt_secret=SECRET)
NOW = 1_708_084_800.25
ADA = {"id": 7, "email": "ada@example.com", "name": "Ada", "role": "user"}


def good_claims(**changes):
    """Claims that are believed, with some changed; ... leaves a claim out."""
    claims = {
        "user_id": 7,
        "email": "ada@example.com",
        "name": "Ada",
        "role": "user",
        "exp": int(NOW) + 60,
        "iat": int(NOW) - 60,
        "iss": "user-service",
        "jti": uuid.uuid4().hex,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def sign(header, claims, secret=SECRET, hash_algorithm=HMACAlgorithm.SHA256):
    """Sign any header and claims: PyJWT would refuse to make some of these tokens."""
    parts = [encode(json.dumps(part).encode()) for part in (header, claims)]
    signature = HMACAlgorithm(hash_algorithm).sign(".".join(parts).encode(), secret.encode())
    return ".".join([*parts, encode(signature)])


def encode(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def token_with(**changes):
    return jwt.encode(good_claims(**changes), SECRET, algorithm="HS256")


def is_believed(token, now=NOW):
    try:
        auth.verify(token, SETTINGS, now)
    except Unauthorized:
        return False
    return True


def test_a_token_of_ours_holds_who_it_was_made_for():
    claims = auth.verify(auth.issue(ADA, SETTINGS, NOW), SETTINGS, NOW)

    assert claims.pop("jti")
    assert claims == {
        "user_id": 7,
        "email": "ada@example.com",
        "name": "Ada",
        "role": "user",
        "iat": 1_708_084_800,
        "exp": 1_708_084_800 + 24 * 3600,
        "iss": "user-service",
    }


def test_two_tokens_of_one_moment_differ():
    assert auth.issue(ADA, SETTINGS, NOW) != auth.issue(ADA, SETTINGS, NOW)


def test_the_longest_profile_makes_a_token_that_fits_into_a_header():
    user = {**ADA, "email": "\U0001f3cb" * 254, "name": "\U0001f3cb" * 100}

    assert len(auth.issue(user, SETTINGS, NOW)) < 8000 - len("Authorization: Bearer ")


@pytest.mark.parametrize(
    ("moment", "believed"),
    [
        (NOW, True),
        (NOW + 24 * 3600 - 1, True),
        (int(NOW) + 24 * 3600, False),
        (NOW - auth.LEEWAY_SECONDS, True),
        (NOW - auth.LEEWAY_SECONDS - 1, False),
    ],
)
def test_a_token_is_good_from_when_it_was_made_for_24_hours(moment, believed):
    assert is_believed(auth.issue(ADA, SETTINGS, NOW), now=moment) is believed


@pytest.mark.parametrize("clock", [-auth.LEEWAY_SECONDS, -5, 5, auth.LEEWAY_SECONDS])
def test_clocks_may_differ_by_the_leeway(clock):
    """What a minute is wrong here is no more than that: nobody is locked out by it."""
    assert auth.LEEWAY_SECONDS > 60
    assert is_believed(auth.issue(ADA, SETTINGS, NOW), now=NOW + clock)


@pytest.mark.parametrize("clock", [-auth.LEEWAY_SECONDS, 0, auth.LEEWAY_SECONDS])
def test_a_revocation_is_known_for_as_long_as_anybody_takes_the_token(clock):
    """Its revoker's clock is not the one that sees the token end."""
    claims = {"exp": int(NOW) + 600}
    ends_after = 600 + 1
    assert auth.seconds_revoked(claims, NOW + clock) >= ends_after - 1
    assert auth.seconds_revoked(claims, NOW + clock) <= ends_after + 2 * auth.LEEWAY_SECONDS


def test_claims_that_these_tests_change_are_believed_unchanged():
    assert is_believed(token_with())
    assert is_believed(token_with(session_id=7))
    assert is_believed(token_with(name=None, role="admin", user_id=2**63 - 1))
    assert is_believed(sign({"alg": "HS256", "typ": "JWT"}, good_claims()))


@pytest.mark.parametrize("claim", sorted(good_claims()))
def test_a_missing_claim(claim):
    assert not is_believed(token_with(**{claim: ...}))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("user_id", "7"),
        ("user_id", 7.0),
        ("user_id", True),
        ("user_id", 0),
        ("user_id", -7),
        ("user_id", 2**63),
        ("user_id", [7]),
        ("session_id", "7"),
        ("session_id", 0),
        ("session_id", True),
        ("session_id", None),
        ("email", 7),
        ("email", None),
        ("email", ["ada@example.com"]),
        ("name", 7),
        ("name", {}),
        ("role", "owner"),
        ("role", "Admin"),
        ("role", ["admin"]),
        ("role", True),
        ("role", None),
        ("exp", str(int(NOW) + 60)),
        ("exp", NOW + 60),
        ("exp", True),
        ("exp", None),
        ("exp", 2**64),
        ("exp", 10**400),
        ("iat", str(int(NOW) - 60)),
        ("iat", NOW - 60),
        ("iat", False),
        ("iat", -1),
        ("iat", None),
        ("jti", 7),
        ("jti", ""),
        ("jti", "a:b"),
        ("jti", "*"),
        ("jti", "x" * 65),
        ("jti", None),
        ("sub", 7),
        ("aud", "another-service"),
        ("nbf", 2**40),
    ],
)
def test_a_claim_of_a_wrong_type_or_value(claim, value):
    assert not is_believed(sign({"alg": "HS256", "typ": "JWT"}, good_claims(**{claim: value})))


@pytest.mark.parametrize("issuer", ["User-Service", "users", "", None, 7, ["user-service"]])
def test_another_issuer(issuer):
    header = {"alg": "HS256", "typ": "JWT"}

    assert not is_believed(sign(header, good_claims(iss=issuer)))


def test_a_token_that_has_ended():
    assert not is_believed(token_with(exp=int(NOW)))
    assert not is_believed(token_with(exp=0))


def test_a_token_from_the_future():
    assert not is_believed(token_with(iat=int(NOW) + auth.LEEWAY_SECONDS + 1))


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None])
@pytest.mark.parametrize("signature", ["", "A" * 43])
def test_no_signature(name, signature):
    head, body, _ = sign({"alg": name, "typ": "JWT"}, good_claims()).split(".")

    assert not is_believed(f"{head}.{body}.{signature}")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_hash(algorithm):
    assert not is_believed(jwt.encode(good_claims(), SECRET, algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"])
def test_a_right_signature_under_the_name_of_another_algorithm(algorithm):
    assert not is_believed(sign({"alg": algorithm, "typ": "JWT"}, good_claims()))


@pytest.mark.parametrize("algorithm", [["HS256"], {"HS256": 1}, 256, True, "hs256", "HS256 "])
def test_an_algorithm_that_is_none(algorithm):
    assert not is_believed(sign({"alg": algorithm, "typ": "JWT"}, good_claims()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kid", "../../../../dev/null"),
        ("kid", "x' UNION SELECT 'known'--"),
        ("kid", 7),
        ("jku", "https://attacker.example/keys.json"),
        ("x5u", "https://attacker.example/key.pem"),
        ("jwk", {"kty": "oct", "k": "a25vd24"}),
        ("crit", ["exp"]),
        ("b64", False),
        ("zip", "DEF"),
    ],
)
@pytest.mark.parametrize("secret", [SECRET, "known", ""])
def test_a_header_that_says_where_the_key_is(name, value, secret):
    header = {"alg": "HS256", "typ": "JWT", name: value}

    assert not is_believed(sign(header, good_claims(), secret))


@pytest.mark.parametrize("secret", ["", " ", SECRET[:-1], SECRET.upper(), "another secret" * 3])
def test_another_secret(secret):
    assert not is_believed(sign({"alg": "HS256", "typ": "JWT"}, good_claims(), secret))


def test_one_bit_flipped_anywhere():
    token = token_with()
    flipped = [
        token[:place] + chr(ord(letter) ^ 1 << bit) + token[place + 1 :]
        for place, letter in enumerate(token)
        for bit in range(7)
    ]

    assert [other for other in flipped if is_believed(other)] == []


def test_one_bit_flipped_in_what_is_encoded():
    for part in range(3):
        parts = token_with().split(".")
        content = bytearray(base64.urlsafe_b64decode(parts[part] + "=="))
        for place in range(len(content)):
            content[place] ^= 1
            parts[part] = encode(bytes(content))
            assert not is_believed(".".join(parts))
            content[place] ^= 1


def test_a_token_has_only_one_spelling():
    token = token_with()

    for other in (
        f"{token}=",
        f" {token}",
        f"{token}\n",
        f"Bearer {token}",
        f"{token}.",
        token[1:],
    ):
        assert not is_believed(other)


@pytest.mark.parametrize(
    "token",
    [
        None,
        7,
        b"bytes",
        [],
        {},
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "\ud800.\ud800.\ud800",
        "é" * 43,
        "a." * 50_000,
        f"{'a' * 100_000}.a.{'a' * 43}",
        f"{encode(b'[' * 50_000)}.{encode(b'{}')}.{'A' * 43}",
        f"{encode(b'[]')}.{encode(b'[]')}.{'A' * 43}",
    ],
)
def test_what_is_no_token(token):
    assert not is_believed(token)


@pytest.mark.parametrize("body", [[], "text", 7, None, [good_claims()]])
def test_claims_that_are_no_object(body):
    assert not is_believed(sign({"alg": "HS256", "typ": "JWT"}, body))


def test_the_answer_never_says_what_was_wrong():
    wrong = ["nonsense", token_with(exp=0), token_with(iss="x"), token_with(role="owner")]
    messages = set()
    for token in wrong:
        with pytest.raises(Unauthorized) as refusal:
            auth.verify(token, SETTINGS, NOW)
        messages.add((refusal.value.message, str(refusal.value.details)))

    assert len(messages) == 1
