"""Celery's entry points."""

import structlog
from celery import shared_task

from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from ranking import publishing

log = structlog.get_logger(__name__)


@shared_task(soft_time_limit=60, time_limit=70)
def refresh_signals() -> int:
    """Every 30 seconds. When it fails, everybody keeps the table they have."""
    try:
        table = publishing.refresh()
    except (ClickHouseError, RedisError) as error:
        log.warning("signals_not_refreshed", error=str(error))
        return 0
    log.info("signals_published", rows=len(table))
    return len(table)
