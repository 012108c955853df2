"""DELETE /me, and what becomes of it."""

import datetime as dt
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import time_machine
from celery import Celery
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.test import APIClient

from engagement import counters, delivery, outbox, relations, store, tasks
from engagement import erasing as erasing_engagement
from engagement.events import Event
from engagement.models import Comment, Follow, Like, NotInterested, OutboxEvent, RedisRepair, VideoCounter
from nova.celery import app
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from ranking import generations, publishing, stored_feed
from reels import erasing, erasures
from reels.models import Erasure, Video
from tests.conftest import API
from tests.engagement import traces

Clients = Callable[..., APIClient]
MakeVideo = Callable[..., Video]
ME = f"{API}/me"
ANN = "ann-5f3c"
STATE = (Like, Follow, NotInterested)


def sweep_later(minutes: float = 4) -> int:
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=minutes)):
        return erasing.sweep()


def live(client_of: Clients, user: str, video: Video, friend: str = "friend") -> None:
    """Leave something of a person everywhere."""
    client = client_of(user)
    client.get(f"{API}/reels")
    client.post(f"{API}/reels/{video.id}/like")
    client.post(f"{API}/reels/{video.id}/watch", {"completion_percent": 80, "event_id": "mine"})
    client.post(f"{API}/reels/{video.id}/share")
    client.post(f"{API}/reels/{video.id}/not-interested")
    client.post(f"{API}/creators/{friend}/follow")
    client.post(f"{API}/creators/pest/block")
    client.put(f"{ME}/preferences", {"personalized": False})
    comment = Event(uuid.uuid4(), "comment", user, timezone.now(), video.id, video.creator_id)
    Comment.objects.create(id=comment.event_id, user_id=user, video=video, created_at=comment.occurred_at)
    outbox.write([comment])
    RedisRepair.objects.create(user_id=user, recent={})
    client.get(f"{API}/reels")


@pytest.fixture
def world(client_of: Clients, make_video: MakeVideo) -> Video:
    """Ann and Ben lived on the same video, on one of Ann's and on each other, partly not yet delivered."""
    video, hers = make_video(creator_id="cook"), make_video(creator_id=ANN)
    for user in (ANN, "ben"):
        live(client_of, user, video)
    delivery.deliver()
    ben = client_of("ben")
    ben.post(f"{API}/reels/{hers.id}/like")
    ben.post(f"{API}/creators/{ANN}/follow")
    ben.post(f"{API}/creators/{ANN}/block")
    delivery.deliver()
    for user in (ANN, "ben"):  # this waits in the outbox
        client_of(user).post(f"{API}/reels/{video.id}/watch", {"completion_percent": 40})
    ben.post(f"{API}/reels/{hers.id}/share")
    publishing.refresh()
    return video


def bens() -> list[Any]:
    """What is held of Ben, but for what he did to Ann."""
    events = "SELECT * FROM engagement_events WHERE user_id = 'ben' AND creator_id <> %(ann)s ORDER BY event_id"
    return [
        clickhouse.select(events, {"ann": ANN}),
        clickhouse.select(
            "SELECT * FROM user_author_90d WHERE user_id = 'ben' AND creator_id <> %(ann)s", {"ann": ANN}
        ),
        [list(model.objects.filter(user_id="ben").values()) for model in (NotInterested, Comment)],
        list(Follow.objects.filter(user_id="ben").exclude(creator_id=ANN).values()),
        list(OutboxEvent.objects.filter(user_id="ben").exclude(payload__creator_id=ANN).values()),
    ]


def test_nothing_is_left_of_a_person_but_a_hash(client_of: Clients, world: Video) -> None:
    places = {each.partition(":")[0] for each in traces.everywhere(ANN)}
    assert places == {"postgres", "clickhouse", "redis"}
    answer = client_of(ANN).delete(ME)
    assert (answer.status_code, answer.json()["status"], answer.json()["finished_at"]) == (202, "erasing", None)
    assert sweep_later() == 1
    publishing.refresh()  # the list of candidates names creators; the scheduler makes it anew every 30 seconds
    assert traces.everywhere(ANN) == []
    erasure = Erasure.objects.get()
    assert (erasure.person, erasure.user_id, erasure.returned_at) == (erasures.person(ANN), "", None)
    status = client_of(ANN).get(ME).json()
    assert status["status"] == "erased"
    assert status["requested_at"] < status["finished_at"]


def test_what_a_person_wrote_is_gone_with_the_request_even_without_a_worker(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "sweep", lambda: 0)
    client_of(ANN).delete(ME)
    left = set(traces.in_postgres(ANN))
    assert left == {
        "postgres:reels_erasure", "postgres:reels_creator", "postgres:reels_video",
        "postgres:engagement_block", "postgres:engagement_outboxevent",  # of Ben, about Ann
    }  # fmt: skip
    assert not Video.objects.filter(creator_id=ANN, is_published=True).exists()
    assert not [
        key for key in traces.in_redis(ANN) if "feed:t:" not in key and "signals" not in key and ":ben" not in key
    ]


def test_numbers_stay_right_and_others_are_untouched(client_of: Clients, world: Video) -> None:
    before, others = counters.totals([world.id])[world.id], bens()
    assert before == counters.Counts(view=4, like=2, share=2, comment=2)
    client_of(ANN).delete(ME)
    after = counters.Counts(view=4, like=1, share=2, comment=2)
    assert counters.totals([world.id])[world.id] == after
    sweep_later()
    assert bens() == others
    delivery.deliver()
    tasks.repair_redis()
    assert counters.totals([world.id])[world.id] == counters.read([world.id])[world.id] == after
    assert VideoCounter.objects.get(video=world).like_count == 1


def test_an_erasure_ends_no_earlier_than_what_was_under_way_can_land(client_of: Clients, world: Video) -> None:
    client_of(ANN).delete(ME)
    assert sweep_later(minutes=2.9) == 0
    assert client_of(ANN).get(ME).json()["status"] == "erasing"
    assert Erasure.objects.get().user_id == ANN
    assert sweep_later(minutes=3.1) == 1
    assert sweep_later(minutes=5) == 0  # it is over


def test_what_lands_after_the_request_is_swept(client_of: Clients, world: Video) -> None:
    client_of(ANN).delete(ME)
    before = counters.totals([world.id])[world.id]
    relations.set_one(Like, ANN, world.id, is_active=True)  # by a request that began before
    outbox.write([Event(uuid.uuid4(), "like", ANN, timezone.now(), world.id, "cook")])
    delivery.deliver()
    outbox.write([Event(uuid.uuid4(), "watch", ANN, timezone.now(), world.id, "cook")])
    built = stored_feed.make(b"a build", "ranked", bytes(16 * 9), np.zeros(9, np.float32), ())
    generations.save(ANN, built, b"")
    sweep_later()
    publishing.refresh()
    assert traces.everywhere(ANN) == []
    after = counters.totals([world.id])[world.id]
    assert (after.like, after.view) == (before.like, before.view + 1)


@pytest.mark.parametrize("away", ["clickhouse", "redis"])
def test_an_engine_that_is_away_puts_the_end_off(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    client_of(ANN).delete(ME)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise (ClickHouseError("away", retryable=True) if away == "clickhouse" else RedisConnectionError("away"))

    with monkeypatch.context() as patched:
        patched.setattr(*((clickhouse, "select", fail) if away == "clickhouse" else (generations, "forget", fail)))
        assert sweep_later() == 0
    assert client_of(ANN).get(ME).json()["status"] == "erasing"
    assert sweep_later() == 1


def test_the_log_does_not_say_who_it_was(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client_of(ANN).delete(ME)
    with monkeypatch.context() as patched:
        patched.setattr(clickhouse, "run", lambda *args, **kwargs: None)
        patched.setattr(
            clickhouse, "select", lambda *args, **kwargs: (_ for _ in ()).throw(ClickHouseError(ANN, retryable=True))
        )
        sweep_later()
    assert "erasure_not_finished" in caplog.text
    assert erasures.person(ANN) in caplog.text
    assert ANN not in caplog.text


def test_asking_again_does_not_put_the_end_off(client_of: Clients, world: Video) -> None:
    first = client_of(ANN).delete(ME).json()
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        assert client_of(ANN).delete(ME).json() == first
    assert sweep_later(minutes=3.1) == 1


def test_who_never_asked_is_active(client_of: Clients, engines: None) -> None:
    assert client_of("ben").get(ME).json() == {"status": "active", "requested_at": None, "finished_at": None}
    assert client_of("new").delete(ME).status_code == 202  # of whom nothing is held
    assert sweep_later() == 1


def test_without_a_broker_the_request_is_answered_and_the_scheduler_does_it(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", False)
    monkeypatch.setattr(Celery, "connection_for_write", lambda self, **kwargs: _away())
    assert client_of(ANN).delete(ME).status_code == 202
    assert sweep_later() == 1


def _away() -> Any:
    raise ConnectionRefusedError


def test_what_no_relay_can_read_is_erased_as_well(client_of: Clients, world: Video) -> None:
    OutboxEvent.objects.create(event_id=uuid.uuid4(), user_id=ANN, kind="watch", payload={"version": 99, "who": ANN})
    assert client_of(ANN).delete(ME).status_code == 202
    assert not OutboxEvent.objects.filter(user_id=ANN).exists()


# Beside relays that are at work.

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def in_its_own_connection(action: Callable[[], int]) -> int:
    try:
        return action()
    finally:
        connection.close()


@contextmanager
def relay_held_up(patch: pytest.MonkeyPatch) -> Iterator[tuple[Future[int], threading.Event]]:
    """A relay that has taken all that waits and stands in its insert: what it will deliver, and what lets it go on."""
    stands, go_on, insert = threading.Event(), threading.Event(), store.insert

    def wait(events: list[Event]) -> None:
        stands.set()
        go_on.wait(20)
        insert(events)

    patch.setattr(store, "insert", wait)
    with ThreadPoolExecutor(1) as thread:
        relay = thread.submit(in_its_own_connection, delivery.deliver)
        try:
            assert stands.wait(5)
            yield relay, go_on
        finally:
            go_on.set()


def wait_until_somebody_waits() -> None:
    deadline = time.perf_counter() + 5
    with connection.cursor() as cursor:
        while time.perf_counter() < deadline:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits for a lock")


@pytest.mark.parametrize("of_hers", [True, False])
def test_a_sweep_waits_for_a_relay_that_holds_events_of_and_about_the_person(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch, of_hers: bool
) -> None:
    Erasure.objects.create(person=erasures.person(ANN), user_id=ANN)
    if not of_hers:  # then the relay has only what Ben did, to her videos and to one on which her likes are counted
        delivery.deliver()
        client_of("ben").post(f"{API}/reels/{Video.objects.get(creator_id=ANN).id}/share")
        client_of("ben").post(f"{API}/reels/{world.id}/watch", {"completion_percent": 40})
    held = OutboxEvent.objects.count()
    with relay_held_up(monkeypatch) as (relay, go_on), ThreadPoolExecutor(1) as thread:
        swept = thread.submit(in_its_own_connection, sweep_later)
        wait_until_somebody_waits()
        go_on.set()
        assert (relay.result(10), swept.result(10)) == (held, 1)
    publishing.refresh()
    assert traces.everywhere(ANN) == []


def test_a_request_leaves_to_the_sweeps_what_a_relay_holds(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = client_of(ANN)
    with monkeypatch.context() as patch, relay_held_up(patch) as (relay, go_on):
        patch.setattr(erasing, "sweep", lambda: 0)
        started = time.perf_counter()
        assert ann.delete(ME).status_code == 202
        assert time.perf_counter() - started < 1.5
        assert not relay.done()
        assert ann.get(ME).json()["status"] == "erasing"
        assert not Video.objects.filter(creator_id=ANN, is_published=True).exists()
        left = [key for key in traces.in_redis(ANN) if ":ben" not in key]
        assert not [key for key in left if "feed:t:" not in key and "signals" not in key]
        late = {"completion_percent": 1, "occurred_at": (timezone.now() - dt.timedelta(minutes=9)).isoformat()}
        assert ann.post(f"{API}/reels/{world.id}/watch", late).json()["code"] == "erased"
        go_on.set()
        relay.result(10)
    before = counters.totals([world.id])[world.id]
    assert sweep_later() == 1
    publishing.refresh()
    assert traces.everywhere(ANN) == []
    after = counters.totals([world.id])[world.id]
    assert (after.view, after.like) == (before.view, before.like - 1)


def test_a_request_gives_its_connection_back_as_patient_as_it_was(engines: None) -> None:
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SHOW lock_timeout")
        before = cursor.fetchone()
        erasing_engagement.delete_unless_held(ANN, erasures.FOREVER)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == before


def test_a_request_whose_connection_broke_is_not_answered_as_if_it_had_been_heard(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*args: Any, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(erasing_engagement, "delete_rows", break_off)
        with pytest.raises(OperationalError):
            erasing.request(user_id=ANN)
        connection.close()
    assert not Erasure.objects.exists()


def test_asking_again_does_not_wait_for_a_sweep_that_is_at_it(
    client_of: Clients, world: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "sweep", lambda: 0)
    first = client_of(ANN).delete(ME).json()

    def hold() -> int:
        with transaction.atomic():
            Erasure.objects.select_for_update().get()
            holds.set()
            go_on.wait(20)
        return 0

    holds, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(in_its_own_connection, hold)
        assert holds.wait(5)
        started = time.perf_counter()
        try:
            assert client_of(ANN).delete(ME).json() == first
            assert time.perf_counter() - started < 1.5
        finally:
            go_on.set()


# Coming back.


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., list[str]]:
    def write(command: str, *lines: dict[str, Any]) -> list[str]:
        """The reasons of what was rejected."""
        path = tmp_path / "lines.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        call_command(command, path, verbosity=0)
        rejects = path.with_name(path.name + ".rejects.jsonl")
        return [json.loads(line)["reason"] for line in rejects.read_text().splitlines()] if rejects.exists() else []

    return write


def line(kind: str, user: str, minutes: float, **fields: Any) -> dict[str, Any]:
    at = timezone.now() - dt.timedelta(minutes=minutes)
    return {"user_id": user, "kind": kind, "occurred_at": at.isoformat()} | fields


def test_what_is_replayed_stays_out(client_of: Clients, world: Video, load: Callable[..., list[str]]) -> None:
    client_of(ANN).delete(ME)
    sweep_later()
    publishing.refresh()
    of = {"video_id": str(world.id)}
    reasons = load(
        "import_engagement",
        line("like", "ben", 50, **of),
        line("like", ANN, 50, **of),
        line("follow", "ben", 50, creator_id=ANN),
        line("watch", ANN, 0, **of),
    )
    assert reasons == ["the person was erased"] * 3
    video = {"id": "hers", "creator_id": ANN, "title": "Mine", "created_at": timezone.now().isoformat()}
    assert load("import_catalogue", video, video | {"id": "his", "creator_id": "ben"}) == ["the person was erased"]
    late = {"completion_percent": 1, "occurred_at": (timezone.now() - dt.timedelta(minutes=9)).isoformat()}
    answer = client_of(ANN).post(f"{API}/reels/{world.id}/watch", late)
    assert (answer.status_code, answer.json()["code"]) == (409, "erased")
    assert client_of("ben").post(f"{API}/creators/{ANN}/follow").json()["code"] == "creator_not_found"
    assert client_of("ben").delete(f"{API}/creators/{ANN}/follow").status_code == 204
    assert traces.everywhere(ANN) == []
    assert client_of(ANN).get(ME).json()["status"] == "erased"


def test_who_writes_is_back_and_starts_anew(client_of: Clients, world: Video, load: Callable[..., list[str]]) -> None:
    ann = client_of(ANN)
    ann.delete(ME)
    sweep_later()
    of = {"video_id": str(world.id)}
    ann.post(f"{API}/creators/cook/follow")
    assert ann.get(ME).json()["status"] == "active"
    returned_at = Erasure.objects.get().returned_at
    assert load("import_engagement", line("watch", ANN, 1, **of), line("watch", ANN, -0.5, **of)) == [
        "the person was erased"
    ]
    ann.post(f"{API}/creators/chef/follow")
    delivery.deliver()
    assert Erasure.objects.get().returned_at == returned_at
    kinds = clickhouse.select("SELECT kind FROM engagement_events WHERE user_id = %(ann)s ORDER BY 1", {"ann": ANN})
    assert kinds == [("follow",), ("follow",), ("watch",)]
    assert client_of("ben").post(f"{API}/creators/{ANN}/follow").status_code == 204


def test_who_comes_back_before_the_end_keeps_what_is_new(client_of: Clients, world: Video) -> None:
    ann = client_of(ANN)
    ann.delete(ME)
    ann.post(f"{API}/creators/cook/follow")
    ann.post(f"{API}/reels/{world.id}/not-interested")
    ann.put(f"{ME}/preferences", {"personalized": False})
    delivery.deliver()
    assert ann.get(ME).json()["status"] == "erasing"
    assert sweep_later() == 1
    assert ann.get(ME).json()["status"] == "active"
    assert Follow.objects.get(user_id=ANN).creator_id == "cook"
    assert NotInterested.objects.get(user_id=ANN).video == world
    assert ann.get(f"{ME}/preferences").json() == {"personalized": False}
    kinds = clickhouse.select("SELECT kind FROM engagement_events WHERE user_id = %(ann)s ORDER BY 1", {"ann": ANN})
    assert kinds == [("follow",), ("not_interested",)]
    assert not Like.objects.filter(user_id=ANN).exists()


def test_who_came_back_can_be_erased_again(client_of: Clients, world: Video) -> None:
    ann = client_of(ANN)
    for _ in range(2):
        live(client_of, ANN, world)
        first = ann.delete(ME).json()
        assert first["status"] == "erasing"
        sweep_later()
        publishing.refresh()
        assert traces.everywhere(ANN) == []
        assert ann.get(ME).json()["requested_at"] == first["requested_at"]
