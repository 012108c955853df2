"""The lists as ClickHouse keeps them, for a Redis that is away or comes back empty."""

import structlog
from django.utils import timezone

from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError

log = structlog.get_logger(__name__)
LAST = """
SELECT content FROM trending_published FINAL
WHERE name = %(name)s AND made_at > now() - toIntervalSecond(%(fresh_for)s)
"""


def load(name: str, fresh_for: int) -> bytes | None:
    """The last list of this name, if it is no older than so many seconds. Raises ClickHouseError."""
    rows = clickhouse.select(LAST, {"name": name, "fresh_for": fresh_for})
    return rows[0][0].encode() if rows else None


def store(name: str, raw: bytes) -> None:
    """As well as it goes: what is published is published."""
    made_at = round(timezone.now().timestamp() * 1000)
    try:
        clickhouse.insert("trending_published", {"name": [name], "made_at": [made_at], "content": [raw.decode()]})
    except ClickHouseError as error:
        log.warning("trending_not_kept", name=name, error=str(error))
