"""Celery's entry points. Each is repeated by the scheduler, so none is retried by itself."""

import structlog
from celery import shared_task
from django.db import OperationalError

from engagement import delivery, outbox, repairs
from nova.clients.clickhouse import ClickHouseError
from nova.clients.kafka import KafkaError
from nova.clients.redis import RedisError
from reels import erasing

log = structlog.get_logger(__name__)


@shared_task(soft_time_limit=50, time_limit=60)
def deliver_outbox() -> int:
    """Every second. Several may run at once: each takes rows that no other holds."""
    try:
        return delivery.deliver()
    except (ClickHouseError, KafkaError, OperationalError) as error:  # the events wait; the next tick tries again
        log.warning("outbox_delivery_failed", error=f"{type(error).__name__}: {error}")
        return 0


@shared_task(soft_time_limit=20, time_limit=30)
def repair_redis() -> int:
    """Every second."""
    try:
        return repairs.settle()
    except (RedisError, OperationalError, repairs.StillAwayError) as error:  # the next tick tries again
        log.warning("redis_not_repaired", error=type(error).__name__)
        return 0


@shared_task(soft_time_limit=300, time_limit=310)
def prune_receipts() -> int:
    return outbox.prune_receipts()


@shared_task(soft_time_limit=1800, time_limit=1810)
def sweep_erasures() -> int:
    """Every minute, and when somebody asks. An engine that is away leaves an erasure to the next one."""
    return erasing.sweep()
