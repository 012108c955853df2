"""Video ids. An imported id that is no UUID becomes one, always the same."""

import re
import uuid

USUAL_FORM = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def parse(text: str) -> uuid.UUID | None:
    """The UUID that `text` writes in its usual form, else None."""
    return uuid.UUID(text) if USUAL_FORM.fullmatch(text) else None


def video_id(given: str) -> uuid.UUID:
    """The id of a video that is known elsewhere as `given`: itself when it is a UUID, else a UUIDv5 (URL namespace)."""
    return parse(given) or uuid.uuid5(uuid.NAMESPACE_URL, f"nova:video:{given}")
