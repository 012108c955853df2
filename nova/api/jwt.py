"""Who is calling: RS256 bearer tokens, verified with keys that can rotate."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from nova.errors import EngineAwayError

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module

log = structlog.get_logger(__name__)
LONGEST_USER_ID = 64
REQUIRED_CLAIMS = ["iss", "aud", "exp", "sub"]
KEYS_ARE_FRESH_FOR = 60.0  # seconds until key files are looked at again
JWKS_TIMEOUT = 3


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. `id` is the token's `sub`; `is_admin` its `role: admin`."""

    id: str
    is_admin: bool = False
    is_authenticated: bool = True


class InvalidTokenError(exceptions.AuthenticationFailed):
    default_code = "invalid_token"


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <JWT>`."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return verify(token.strip()), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="nova"'


class IsAuthenticated(permissions.BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.user, Principal)


class IsAdmin(permissions.BasePermission):
    message = "This needs a token with role: admin."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return getattr(request.user, "is_admin", False)


def verify(token: str) -> Principal:
    """The principal of a valid token. Raises InvalidTokenError for any other."""
    return verified.principal(token)


class Verified:
    """Tokens that were found valid, until they expire or other keys are trusted: checking a signature costs 0.3 ms.

    Full, it starts again from nothing, which costs each person one check. What it keeps of a token is a digest: a
    fifth of the memory, and nothing that could be used.
    """

    LARGEST = 20_000

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Principal, float, object]] = {}

    def principal(self, token: str) -> Principal:
        """Raises InvalidTokenError."""
        known = self.known(token)
        if known:
            return known
        trusted, digest = self._trusted(), _digest(token)
        claims = _verified_claims(token)
        principal = _principal(claims)
        if len(self._known) >= self.LARGEST:
            self._known = {}
        self._known[digest] = principal, float(claims["exp"]), trusted
        return principal

    def known(self, token: str) -> Principal | None:
        """The principal of a token that was found valid before and still is."""
        principal, expires, trusted = self._known.get(_digest(token), _UNKNOWN)
        return principal if expires > time.time() and trusted == self._trusted() else None

    @staticmethod
    def _trusted() -> object:
        return key_ring.keys(), settings.JWT_ISSUER, settings.JWT_AUDIENCE


_UNKNOWN = Principal(""), 0.0, None


def _digest(token: str) -> bytes:
    return hashlib.blake2b(token.encode(errors="surrogatepass"), digest_size=32).digest()


verified = Verified()


def _verified_claims(token: str) -> dict[str, Any]:
    for key in _candidate_keys(token):
        try:
            return jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=settings.JWT_ISSUER,
                audience=settings.JWT_AUDIENCE,
                options={"require": REQUIRED_CLAIMS},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.ExpiredSignatureError:
            raise InvalidTokenError("The token has expired.") from None
        except jwt.InvalidTokenError as error:
            raise InvalidTokenError(f"The token is not acceptable: {error}.") from None
    raise InvalidTokenError("The token is signed by a key that is not trusted here.")


def _principal(claims: dict[str, Any]) -> Principal:
    subject = claims["sub"]
    if not isinstance(subject, str) or not is_user_id(subject):
        raise InvalidTokenError(f"`sub` must be a string of 1 to {LONGEST_USER_ID} characters.")
    return Principal(subject, is_admin=claims.get("role") == "admin")


def is_user_id(text: str) -> bool:
    """Whether every engine can store it: neither empty, long, with a NUL, nor with half a surrogate pair."""
    storable = text.encode(errors="ignore").decode() == text and "\0" not in text
    return storable and 0 < len(text) <= LONGEST_USER_ID


def _candidate_keys(token: str) -> list[Any]:
    """The keys that may have signed `token`: the one its `kid` names, else all."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise InvalidTokenError("The token is not a JWT.") from None
    if header.get("alg") != "RS256":
        raise InvalidTokenError("Only RS256 tokens are accepted.")
    named, unnamed = key_ring.keys()
    by_kid = named.get(header.get("kid", ""))
    return [by_kid] if by_kid else [*unnamed, *named.values()]


Keys = tuple[dict[str, Any], list[Any]]
Source = TypeVar("Source")


class KeyRing:
    """The trusted public keys, reread once a minute so that they rotate without a restart.

    When reading fails the last keys stay: a key server that is away must not lock everybody out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: Keys = ({}, [])
        self._read_at = 0.0

    def keys(self) -> Keys:
        """Keys by `kid`, and those without one. Raises EngineAwayError when there is none at all."""
        if not self._is_fresh():
            with self._lock:
                if not self._is_fresh():  # nobody else has read them while this thread waited
                    self._refresh()
        return self._keys

    def forget(self) -> None:
        self._read_at = 0.0

    def _is_fresh(self) -> bool:
        return bool(self._read_at) and time.monotonic() - self._read_at < KEYS_ARE_FRESH_FOR

    def _refresh(self) -> None:
        named, unnamed = self._keys
        keys = (
            _read_or_keep(lambda: _read_jwks(settings.JWT_JWKS), named),
            _read_or_keep(lambda: _read_pem_files(settings.JWT_PUBLIC_KEY_FILES), unnamed),
        )
        if not any(keys):
            raise EngineAwayError("No token can be verified: the keys cannot be read.")
        self._keys, self._read_at = keys, time.monotonic()


key_ring = KeyRing()


def _read_or_keep(read: Callable[[], Source], known: Source) -> Source:
    try:
        return read()
    except (OSError, ValueError, jwt.PyJWTError) as error:
        log.warning("token_keys_stale", error=type(error).__name__)
        return known


def _read_jwks(source: str) -> dict[str, Any]:
    """RSA keys by `kid`; a key set may hold others, for other services."""
    if not source:
        return {}
    if source.startswith(("https://", "http://")):
        key_set = jwt.PyJWKClient(source, timeout=JWKS_TIMEOUT, cache_jwk_set=False).get_jwk_set()
    else:
        key_set = jwt.PyJWKSet.from_json(Path(source).read_text())
    rsa = [key for key in key_set.keys if isinstance(key.key, RSAPublicKey)]
    return {key.key_id or f"key-{number}": key.key for number, key in enumerate(rsa)}


def _read_pem_files(paths: Sequence[str]) -> list[Any]:
    return [_parse_pem(Path(path).read_text()) for path in paths]


@lru_cache(maxsize=16)
def _parse_pem(text: str) -> Any:
    return jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).prepare_key(text)


def sign(user_id: str, *, lifetime: int, is_admin: bool = False) -> str:
    """A development token. Raises OSError without a signing key (production has none)."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "sub": user_id,
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "iat": now,
        "exp": now + lifetime,
    }
    if is_admin:
        claims["role"] = "admin"
    key = _parse_pem(Path(settings.JWT_PRIVATE_KEY_FILE).read_text())
    return jwt.encode(claims, key, algorithm="RS256")
