"""GET /me/export."""

import datetime as dt
import json
import tracemalloc
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import delivery, store
from engagement.events import Event
from engagement.models import Comment, RedisRepair
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]
URL = f"{API}/me/export"


def export(client: APIClient) -> dict[str, Any]:
    answer = client.get(URL)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == 'attachment; filename="nova-export.json"'
    raw = answer.getvalue()
    assert int(answer["Content-Length"]) == len(raw)
    return json.loads(raw)


def watches(video: Video, user: str, number: int) -> list[Event]:
    at = timezone.now() - dt.timedelta(hours=1)
    return [Event(uuid.uuid4(), "watch", user, at, video.id, video.creator_id) for _ in range(number)]


def test_it_holds_everything_and_nothing_of_others(client_of: Clients, make_video: Callable[..., Video]) -> None:
    video, other, own = make_video(creator_id="cook"), make_video(), make_video(creator_id="ann", title="Mine")
    for user in ("ann", "ben"):
        client = client_of(user)
        client.post(f"{API}/reels/{video.id}/like")
        client.post(f"{API}/reels/{other.id}/not-interested")
        client.post(f"{API}/creators/{user}-friend/follow")
        client.post(f"{API}/creators/{user}-pest/block")
        client.put(f"{API}/me/preferences", {"personalized": False})
        client.post(f"{API}/reels/{video.id}/watch", {"completion_percent": 73.5, "event_id": f"{user}-1"})
        Comment.objects.create(id=uuid.uuid4(), user_id=user, video=video, created_at=timezone.now())
    delivery.deliver()
    for user in ("ann", "ben"):
        RedisRepair.objects.create(user_id=user, recent=["w:1"])
    ann = client_of("ann")
    ann.post(f"{API}/reels/{other.id}/share")
    ann.get(f"{API}/reels")
    held = export(ann)
    assert held["user_id"] == "ann"
    assert [(each["video_id"], each["is_active"]) for each in held["likes"]] == [(str(video.id), True)]
    assert [each["video_id"] for each in held["not_interested"]] == [str(other.id)]
    assert [each["creator_id"] for each in held["follows"]] == ["ann-friend"]
    assert [each["creator_id"] for each in held["blocks"]] == ["ann-pest"]
    assert [each["personalized"] for each in held["preferences"]] == [False]
    assert [each["video_id"] for each in held["comments"]] == [str(video.id)]
    assert [(each["id"], each["title"]) for each in held["videos"]] == [(str(own.id), "Mine")]
    assert [each["payload"]["kind"] for each in held["events_on_their_way"]] == ["share"]
    assert len(held["event_receipts"]) == 1
    kinds = ["block", "follow", "like", "not_interested", "watch"]
    assert sorted(each["kind"] for each in held["events"]) == kinds
    (watch,) = (each for each in held["events"] if each["kind"] == "watch")
    assert (watch["completion_percent"], watch["creator_id"]) == (73.5, "cook")
    assert {each["video_id"] for each in held["events"] if each["kind"] == "follow"} == {None}
    assert [each["video_id"] for each in held["watch_history"]] == [str(video.id)]
    assert [each["creator_id"] for each in held["creator_ties"]] == ["cook"]
    assert held["redis"]["recent"] == {
        f"w:{video.id}": "1",
        f"l:{video.id}": "1",
        f"n:{other.id}": "1",
        "b:ann-pest": "1",
    }
    assert [each["recent"] for each in held["redis_repairs"]] == [["w:1"]]
    assert held["redis"]["profile"]["personalized"] is False
    (shown,) = held["redis"]["feeds"].values()
    assert set(shown) == {str(video.id), str(other.id)}
    assert "ben" not in json.dumps(held)


def test_of_a_stranger_there_is_nothing_to_tell(client_of: Clients, engines: None) -> None:
    held = export(client_of("nobody"))
    assert held.pop("user_id") == "nobody"
    assert held.pop("redis") == {"recent": {}, "profile": None, "feeds": {}}
    assert set(map(str, held.values())) == {"[]"}


def test_without_clickhouse_it_is_refused_whole(
    client_of: Clients, make_video: Callable[..., Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.insert(watches(make_video(), "ann", 10))
    stream = clickhouse.stream

    def break_off(sql: str, *args: Any, **kwargs: Any) -> Any:
        yield from list(stream(sql, *args, **kwargs))[:5]
        raise ClickHouseError("away", retryable=True)

    monkeypatch.setattr(clickhouse, "stream", break_off)
    answer = client_of("ann").get(URL)
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    assert int(answer["Retry-After"]) >= 1


def test_memory_does_not_grow_with_what_somebody_did(client_of: Clients, make_video: Callable[..., Video]) -> None:
    ann, video = client_of("ann"), make_video()
    export(ann)
    store.insert(watches(video, "ann", 60_000))
    tracemalloc.start()
    try:
        answer = ann.get(URL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    answer.close()
    length = int(answer["Content-Length"])
    assert length > 10_000_000
    assert peak < length


def test_it_counts_against_the_rate_limit(client_of: Clients, engines: None, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    ann = client_of("ann")
    answers = [ann.get(URL) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    for answer in answers:
        answer.close()


def test_rows_are_streamed_and_a_stream_that_is_left_costs_nobody_else(make_video: Callable[..., Video]) -> None:
    rows = clickhouse.stream("SELECT number FROM numbers(10000000)")
    assert next(rows) == (0,)
    rows.close()  # type: ignore[attr-defined]
    assert list(clickhouse.stream("SELECT 1")) == [(1,)]
    with pytest.raises(ClickHouseError):
        next(clickhouse.stream("SELECT nonsense"))
