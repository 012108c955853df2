"""What most tests need: clean engines, videos, and clients of the API."""

import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import delivery, outbox, ready
from engagement.events import Event
from nova import clickhouse_schema, remembered
from nova.api import jwt
from nova.clients import breaker, clickhouse, redis
from nova.clients.clickhouse import ClickHouseError
from ranking import local_feeds, publishing, settings
from ranking.models import FeatureFlag, WeightSet
from ranking.search import dictionary
from reels import cards, catalogue
from reels.models import Creator, Video

API = "/api/v1"
REFRESHED = "SELECT view FROM system.view_refreshes WHERE database = currentDatabase()"


@pytest.fixture(autouse=True)
def closed_breakers() -> None:
    """What one test did to an engine is not to keep the next from it."""
    breaker.reset_all()


@pytest.fixture(autouse=True)
def reading_in_the_foreground(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a test before has loaded nova.wsgi."""
    monkeypatch.setattr(remembered, "in_background", False)


@pytest.fixture(scope="session")
def clickhouse_schema_ready() -> Iterator[None]:
    clickhouse_schema.migrate()
    yield
    clickhouse.pool.close()


@pytest.fixture
def engines(transactional_db: None, clickhouse_schema_ready: None) -> Iterator[None]:
    """PostgreSQL, Redis and ClickHouse with nothing in them but the defaults of a new installation."""
    redis.connection().flushdb()
    empty_clickhouse()
    WeightSet.objects.get_or_create(name="default", defaults={"is_active": True})
    FeatureFlag.objects.update_or_create(name=settings.FEED_FLAG, defaults={"percent": 100})
    forget_what_processes_remember()
    yield
    forget_what_processes_remember()


def forget_what_processes_remember() -> None:
    settings.forget()
    publishing.tables.forget()
    ready.forget_all()
    local_feeds.forget_all()
    dictionary.words.forget()


def empty_clickhouse() -> None:
    """With all refreshable views stopped: one under way would add sums of the test before to the emptied table."""
    views = [view for (view,) in clickhouse.select(REFRESHED)]
    for view in views:
        clickhouse.run(f"SYSTEM STOP VIEW {view}")
    for view in views:
        with suppress(ClickHouseError):  # what became of the sums that were under way
            clickhouse.run(f"SYSTEM WAIT VIEW {view}")
    for (table,) in clickhouse.select(
        "SELECT name FROM system.tables WHERE database = currentDatabase() "
        "AND engine LIKE '%%MergeTree' AND name <> 'schema_migrations' AND total_rows > 0"
    ):
        clickhouse.run(f"TRUNCATE TABLE {table}")
    for view in views:
        clickhouse.run(f"SYSTEM START VIEW {view}")


@pytest.fixture
def plain_ranking(engines: None) -> WeightSet:
    """The active weight set with diversity and exploration off: feeds in the order of their scores."""
    weight_set = WeightSet.objects.get(is_active=True)
    weight_set.diversity, weight_set.exploration_share = False, 0
    weight_set.save()
    settings.forget()
    return weight_set


@pytest.fixture
def client_of() -> Callable[..., APIClient]:
    """A client that carries a person's token."""

    def make(user_id: str, *, admin: bool = False) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {jwt.sign(user_id, lifetime=600, is_admin=admin)}")
        return client

    return make


@pytest.fixture
def make_video(engines: None) -> Callable[..., Video]:
    """A published video, an hour old by a creator of its own unless said otherwise."""
    numbers = itertools.count(1)

    def make(**given: Any) -> Video:
        number = next(numbers)
        age = given.pop("age", dt.timedelta(hours=1))
        creator = Creator(id=given.pop("creator_id", f"creator-{number}"))
        video = Video(
            **{
                "id": uuid.uuid4(),
                "creator": creator,
                "title": f"Video {number}",
                "category": "cooking",
                "created_at": timezone.now() - age,
            }
            | given
        )
        catalogue.save([video])
        redis.connection().delete(cards.key(video.id))  # as if that had been a while ago
        return video

    return make


@pytest.fixture
def make_events(engines: None) -> Callable[..., list[Event]]:
    """Delivered events of people: `make_events(video, "watch", ["ann", "bob"], completion_percent=80)`."""

    def make(video: Video, kind: str, users: list[str], **given: Any) -> list[Event]:
        age = given.pop("age", dt.timedelta(minutes=30))
        events = [
            Event(
                event_id=uuid.uuid4(),
                kind=kind,
                user_id=user,
                occurred_at=timezone.now() - age,
                video_id=video.id,
                creator_id=video.creator_id,
                **given,
            )
            for user in users
        ]
        outbox.write(events)
        delivery.deliver()
        return events

    return make
