"""Lists as parameters."""

import uuid
from collections.abc import Iterable


def uuids(ids: Iterable[uuid.UUID | bytes]) -> str:
    """For `%s::uuid[]`, of ids or their 16 bytes: as one text they cost a tenth of what a list of UUIDs does, which is
    3 ms for 500."""
    return "{" + ",".join(each.hex if isinstance(each, uuid.UUID) else each.hex() for each in ids) + "}"
