"""Celery's entry points. Each is repeated by the scheduler, so none is retried by itself."""

import structlog
from celery import shared_task

from engagement import outbox
from nova.clients.clickhouse import ClickHouseError

log = structlog.get_logger(__name__)


@shared_task(soft_time_limit=50, time_limit=60)
def deliver_outbox() -> int:
    """Every second. Several may run at once: each takes rows that no other holds."""
    try:
        return outbox.deliver()
    except ClickHouseError as error:  # the events wait where they are; the next tick tries again
        log.warning("outbox_delivery_failed", error=str(error), retryable=error.retryable)
        return 0


@shared_task(soft_time_limit=300, time_limit=310)
def prune_receipts() -> int:
    return outbox.prune_receipts()
