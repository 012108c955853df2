"""Celery's entry points. What the scheduler repeats is not retried."""

from typing import Any

import structlog
from celery import shared_task
from django.db import DatabaseError

from nova.clients import redis
from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from ranking import ahead, publishing, warming
from ranking.search import indexing, popularity

log = structlog.get_logger(__name__)
INDEXING_SECONDS = 5.0


@shared_task(soft_time_limit=60, time_limit=70)
def refresh_signals() -> int:
    """Every 30 seconds. When it fails, everybody keeps the table they have."""
    try:
        table = publishing.refresh_alone()
    except (ClickHouseError, RedisError, DatabaseError) as error:
        log.warning("signals_not_refreshed", error=f"{type(error).__name__}: {error}")
        return 0
    if table is None:
        return 0
    log.info("signals_published", rows=len(table))
    return len(table)


@shared_task(soft_time_limit=20, time_limit=30)
def build_ahead() -> int:
    """Every second, queue "feeds". Several may run at once: each takes people that no other has."""
    try:
        return ahead.build_due()
    except (RedisError, DatabaseError) as error:
        log.warning("feeds_not_built_ahead", error=type(error).__name__)
        return 0


@shared_task(soft_time_limit=50, time_limit=60)
def index_videos() -> int:
    """Every second, queue "events". Several may run at once. After a bulk load each runs for some seconds only, so that
    nobody else has to wait for it."""
    try:
        return indexing.index_due(seconds=INDEXING_SECONDS)
    except (ClickHouseError, DatabaseError) as error:  # the changes wait; the next tick tries again
        log.warning("videos_not_indexed", error=f"{type(error).__name__}: {error}")
        return 0


@shared_task(soft_time_limit=60, time_limit=70)
def index_popular() -> int:
    """Every hour: how popular videos are, as the index knows it."""
    try:
        return popularity.index_again()
    except (RedisError, DatabaseError) as error:
        log.warning("popularity_not_indexed", error=type(error).__name__)
        return 0


@shared_task(bind=True, soft_time_limit=1800, time_limit=1810)
def warm_feeds(self: Any, user_count: int, batch_size: int) -> int:
    """When staff ask for it, queue "feeds"; its report tells them how it goes."""
    report = warming.Report(self.request.id)
    try:
        people = warming.most_active(user_count)
        report.running(len(people))
        built = warming.warm(people, batch_size, report.progress)
    except (ClickHouseError, RedisError, DatabaseError) as error:
        log.warning("warm_up_failed", error=type(error).__name__)
        with redis.fail_open("write_report"):
            report.failed(f"{type(error).__name__}: an engine was away; ask again when it is back.")
        return 0
    report.done(built)
    return built
