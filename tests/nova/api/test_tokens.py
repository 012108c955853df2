"""Who may come in."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings as django_settings
from pytest_django import Settings
from rest_framework.test import APIClient

from nova.api import jwt
from tests.conftest import API

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    jwt.key_ring.forget()
    yield
    jwt.key_ring.forget()


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "sub": "ann",
        "iss": django_settings.JWT_ISSUER,
        "aud": django_settings.JWT_AUDIENCE,
        "exp": now + 600,
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def own_key() -> str:
    return Path(django_settings.JWT_PRIVATE_KEY_FILE).read_text()


def ask(token: str) -> tuple[int, str]:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    answer = client.get(f"{API}/reels")
    if answer.status_code == 401:
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json().get("code", "")


def test_a_good_token_is_let_in(engines: None) -> None:
    assert ask(pyjwt.encode(claims(), own_key(), "RS256"))[0] == 200


def test_no_token_is_401(engines: None) -> None:
    answer = APIClient().get(f"{API}/reels")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="nova"'


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1},
        {"exp": None},
        {"iss": "somebody else"},
        {"iss": None},
        {"aud": "another service"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 65},
        {"sub": 5},
        {"sub": "a\0b"},
        {"sub": "\ud800"},
        {"nbf": 2**33},
    ],
)
def test_a_token_that_says_the_wrong_thing_is_401(engines: None, changed: dict[str, Any]) -> None:
    payload = json.dumps(claims(**changed)).encode()  # by hand: the library refuses to write some of these
    assert ask(pyjwt.PyJWS().encode(payload, own_key(), "RS256")) == (401, "invalid_token")


def test_a_token_of_another_key_is_401(engines: None) -> None:
    assert ask(pyjwt.encode(claims(), KEY, "RS256")) == (401, "invalid_token")


def test_an_unsigned_token_is_401(engines: None) -> None:
    assert ask(pyjwt.encode(claims(), "", "none")) == (401, "invalid_token")


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_401(engines: None) -> None:
    public = Path(django_settings.JWT_PUBLIC_KEY_FILES[0]).read_text().encode()
    head = {"typ": "JWT", "alg": "HS256"}

    def part(raw: bytes) -> bytes:
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    signed = part(json.dumps(head).encode()) + b"." + part(json.dumps(claims()).encode())
    forged = signed + b"." + part(hmac.digest(public, signed, hashlib.sha256))
    assert ask(forged.decode()) == (401, "invalid_token")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.b", "é.é.é", "." * 500])
def test_what_is_no_token_is_401(engines: None, token: str) -> None:
    assert ask(token)[0] == 401


def test_keys_rotate_by_kid_without_downtime(engines: None, settings: Settings, tmp_path: Path) -> None:
    def jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
        as_text = pyjwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())
        return json.loads(as_text) | {"kid": kid, "use": "sig", "alg": "RS256"}

    new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(KEY, "old"), jwk(new, "new")]}))
    settings.JWT_JWKS, settings.JWT_PUBLIC_KEY_FILES = str(path), []
    for key, kid in ((KEY, "old"), (new, "new")):
        assert ask(pyjwt.encode(claims(), key, "RS256", headers={"kid": kid}))[0] == 200
    path.write_text(json.dumps({"keys": [jwk(new, "new")]}))
    jwt.key_ring.forget()
    assert ask(pyjwt.encode(claims(), KEY, "RS256", headers={"kid": "old"})) == (401, "invalid_token")


def test_keys_of_other_kinds_in_a_key_set_are_passed_over(
    engines: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = json.loads(pyjwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    ours = json.loads(pyjwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [other | {"kid": "ec"}, ours | {"kid": "rsa"}]}))
    settings.JWT_JWKS, settings.JWT_PUBLIC_KEY_FILES = str(path), []
    monkeypatch.setattr(jwt, "key_ring", jwt.KeyRing())
    assert ask(pyjwt.encode(claims(), KEY, "RS256"))[0] == 200
    assert ask(pyjwt.encode(claims(), KEY, "RS256", headers={"kid": "ec"}))[0] == 200


def test_one_source_of_keys_that_is_away_does_not_close_the_other(
    engines: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JWT_JWKS = "/nowhere/jwks.json"
    monkeypatch.setattr(jwt, "key_ring", jwt.KeyRing())
    assert ask(pyjwt.encode(claims(), own_key(), "RS256"))[0] == 200


def test_unreadable_keys_let_nobody_in_and_never_answer_500(engines: None, settings: Settings) -> None:
    settings.JWT_PUBLIC_KEY_FILES = ["/nowhere.pem"]
    ring = jwt.KeyRing()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jwt, "key_ring", ring)
        assert ask(pyjwt.encode(claims(), own_key(), "RS256")) == (503, "temporarily_unavailable")


def test_the_keys_read_before_stay_when_their_file_is_gone(engines: None, settings: Settings) -> None:
    token = pyjwt.encode(claims(), own_key(), "RS256")
    assert ask(token)[0] == 200
    settings.JWT_PUBLIC_KEY_FILES = ["/nowhere.pem"]
    jwt.key_ring.forget()
    assert ask(token)[0] == 200


def test_issued_tokens_expire(engines: None) -> None:
    token = jwt.sign("ann", lifetime=60)
    decoded = pyjwt.decode(token, options={"verify_signature": False})
    assert dt.timedelta(seconds=decoded["exp"] - decoded["iat"]) == dt.timedelta(minutes=1)


def test_a_token_that_was_let_in_is_checked_once(engines: None, monkeypatch: pytest.MonkeyPatch) -> None:
    token, plain, checks = jwt.sign("ann", lifetime=3601), pyjwt.decode, []

    def decode(*given: Any, **options: Any) -> Any:
        checks.append(given)
        return plain(*given, **options)

    monkeypatch.setattr(pyjwt, "decode", decode)
    assert [ask(token)[0] for _ in range(3)] == [200, 200, 200]
    assert len(checks) == 1


def test_a_token_that_was_let_in_expires_all_the_same(engines: None) -> None:
    token = jwt.sign("ann", lifetime=3602)
    assert ask(token)[0] == 200
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3603)):
        assert ask(token) == (401, "invalid_token")


def test_a_token_that_was_let_in_is_refused_when_its_key_is_not_trusted_any_more(
    engines: None, settings: Settings, tmp_path: Path
) -> None:
    token = pyjwt.encode(claims(sub="cem"), own_key(), "RS256")
    assert ask(token)[0] == 200
    other = tmp_path / "other.pem"
    public = KEY.public_key()
    other.write_bytes(public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    settings.JWT_PUBLIC_KEY_FILES = [str(other)]
    jwt.key_ring.forget()
    assert ask(token) == (401, "invalid_token")


def test_only_so_many_tokens_are_kept_in_mind(engines: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt.Verified, "LARGEST", 3)
    verified = jwt.Verified()
    for number in range(10):
        assert verified.principal(jwt.sign(f"user-{number}", lifetime=60)).id == f"user-{number}"
    assert len(verified._known) <= 3
