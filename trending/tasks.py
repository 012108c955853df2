"""Celery's entry points."""

import structlog
from celery import shared_task
from django.db import DatabaseError

from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from trending import refreshing

log = structlog.get_logger(__name__)


@shared_task(soft_time_limit=240, time_limit=250)
def refresh_trending() -> list[str]:
    """Every five minutes. When it fails, everybody keeps the lists they have."""
    try:
        published = refreshing.refresh()
    except (ClickHouseError, DatabaseError, RedisError) as error:
        log.warning("trending_not_refreshed", error=f"{type(error).__name__}: {error}")
        return []
    log.info("trending_published", names=published)
    return published
