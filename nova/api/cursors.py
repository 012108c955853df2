"""Cursors: opaque, signed for one person, good for an hour."""

import base64
import binascii
import hashlib
import hmac
import time
from functools import lru_cache

from django.conf import settings

from nova.errors import CursorExpiredError, InvalidCursorError

LIFETIME = 3600
MAC_BYTES = 16
TIME_BYTES = 4


def sign(purpose: str, user_id: str, payload: bytes) -> str:
    """A cursor that only this person can use for this purpose."""
    content = int(time.time()).to_bytes(TIME_BYTES, "big") + payload
    return base64.urlsafe_b64encode(_mac(purpose, user_id, content) + content).decode().rstrip("=")


def read(purpose: str, user_id: str, cursor: str) -> bytes:
    """The payload.

    Raises InvalidCursorError for one that is cut or somebody else's, CursorExpiredError after an hour.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCursorError from None
    mac, content = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(purpose, user_id, content)):
        raise InvalidCursorError
    if time.time() - int.from_bytes(content[:TIME_BYTES], "big") > LIFETIME:
        raise CursorExpiredError
    return content[TIME_BYTES:]


def _mac(purpose: str, user_id: str, content: bytes) -> bytes:
    key = _key(purpose, settings.SECRET_KEY)
    return hashlib.blake2b(user_id.encode() + b"\0" + content, digest_size=MAC_BYTES, key=key).digest()


@lru_cache(maxsize=16)
def _key(purpose: str, secret: str) -> bytes:
    """For BLAKE2's keyed mode, which is a MAC (RFC 7693) and takes a tenth of the time of OpenSSL's HMAC."""
    return hashlib.sha256(f"nova.cursor:{purpose}:{secret}".encode()).digest()
