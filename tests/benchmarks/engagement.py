"""`python -m tests.benchmarks.engagement`: what engagement costs, from POST to ClickHouse, on engines of its own.

Goals and figures stand in docs/performance.md. Load comes from the same two cores that serve it.
"""

import datetime as dt
import json
import random
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from tests.benchmarks.clients import Client, latencies, side_by_side
from tests.benchmarks.engines import manage, use
from tests.benchmarks.report import Figure, head, percentile, say, tell
from tests.integration.running import Nova

VIDEOS = 1_000
PEOPLE = 200
EVENTS = 100_000
BATCH = 500
SECONDS = 8
FRESH_RATE = 500  # events a second


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="nova-bench-") as folder:
        var = Path(folder) / "var"
        manage(var, "engines", "start")
        try:
            manage(var, "migrate", "--verbosity=0")
            manage(var, "migrate_clickhouse")
            use(var)
            videos = load_catalogue(Path(folder))
            # First: for minutes after a bulk load ClickHouse and PostgreSQL are busy with what it left to do.
            head("POST, web and worker running")
            post_figures(var, videos)
            head("Delivery")
            delivery_figures(videos)
            kafka_figures(Path(folder), videos)
            head("Import")
            tell(import_figure(Path(folder), videos))
        finally:
            manage(var, "engines", "stop")


def load_catalogue(folder: Path) -> list[uuid.UUID]:
    from nova.bulk import BulkFile
    from reels.catalogue import import_catalogue
    from reels.models import Video

    path = folder / "videos.jsonl"
    lines = (
        {"id": f"clip-{n}", "creator_id": f"creator-{n % 50}", "title": f"Clip {n}", "hashtags": [f"tag{n % 9}"],
         "category": "music", "created_at": "2026-11-01T00:00:00Z"}
        for n in range(VIDEOS)
    )  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with BulkFile(path, quiet=True) as file:
        import_catalogue(file)
    return list(Video.objects.values_list("id", flat=True))


def make_events(videos: list[uuid.UUID], number: int) -> list[Any]:
    """Watches, mostly, of the last hours."""
    from django.utils import timezone

    from engagement.events import Event

    rng, now = random.Random(), timezone.now()
    kinds = rng.choices(["watch", "like", "share"], [96, 3, 1], k=number)
    return [
        Event(
            event_id=uuid.UUID(int=rng.getrandbits(128), version=4),
            kind=kind,
            user_id=f"viewer-{rng.randrange(PEOPLE * 20)}",
            occurred_at=now - dt.timedelta(seconds=rng.randrange(7_200)),
            video_id=rng.choice(videos),
            creator_id=f"creator-{rng.randrange(50)}",
            completion_percent=rng.randrange(101) if kind == "watch" else None,
            watch_ms=rng.randrange(60_000) if kind == "watch" else None,
            hashtags=("soup", "dinner"),
            category="music",
        )
        for kind in kinds
    ]


def fill_outbox(videos: list[uuid.UUID]) -> None:
    from engagement import outbox

    events = make_events(videos, EVENTS)
    for start in range(0, EVENTS, 5_000):
        outbox.write(events[start : start + 5_000])


def delivery_figures(videos: list[uuid.UUID]) -> None:
    from engagement import delivery, repairs

    fill_outbox(videos)
    started = time.perf_counter()
    assert delivery.deliver() == EVENTS
    while repairs.settle():
        pass
    tell(Figure("outbox to ClickHouse", EVENTS / (time.perf_counter() - started), "events/s", at_least=10_000))


def kafka_figures(folder: Path, videos: list[uuid.UUID]) -> None:
    """On a real broker on the same two cores, where Java and Maven are there."""
    from django.conf import settings

    from nova.clients import kafka_topics
    from tests.apache_kafka import ApacheKafka

    if not (shutil.which("java") and shutil.which("mvn")):
        say("Kafka's figures need java and mvn.")
        return
    server = ApacheKafka(folder)
    server.start()
    settings.KAFKA_BROKERS = server.address
    try:
        kafka_topics.create({settings.KAFKA_EVENTS_TOPIC: {}}, partitions=3, replication=1)
        tell(Figure("outbox to Kafka", outbox_to_kafka(videos), "events/s"))
        tell(Figure("Kafka to ClickHouse", kafka_to_clickhouse(), "events/s", at_least=10_000))
    finally:
        settings.KAFKA_BROKERS = ""
        server.stop()


def outbox_to_kafka(videos: list[uuid.UUID]) -> float:
    from engagement import delivery

    fill_outbox(videos)
    started = time.perf_counter()
    assert delivery.deliver() == EVENTS
    return EVENTS / (time.perf_counter() - started)


def kafka_to_clickhouse() -> float:
    """The consumer as its command runs it, from joining the group to the last event in ClickHouse."""
    from django.conf import settings

    from engagement import consuming
    from nova.clients.kafka_consumer import Record, Subscription
    from nova.streaming import DeadLetter, Stream

    handled = 0

    def handle(records: Sequence[Record]) -> list[DeadLetter]:
        nonlocal handled
        dead = consuming.handle(records)
        handled += len(records)
        if handled >= EVENTS:
            stream.stop()
        return dead

    stream = Stream(Subscription(settings.KAFKA_EVENTS_TOPIC, "benchmark"), handle, most=5_000, wait=0.5)
    started = time.perf_counter()
    stream.run()
    return handled / (time.perf_counter() - started)


def import_figure(folder: Path, videos: list[uuid.UUID]) -> Figure:
    from engagement.importing import import_engagement
    from nova.bulk import BulkFile

    path = folder / "events.jsonl"
    with path.open("w") as file:
        for event in make_events(videos, 2 * EVENTS):
            line = {"user_id": event.user_id, "video_id": str(event.video_id), "kind": event.kind}
            line |= {"occurred_at": event.occurred_at.isoformat(), "completion_percent": event.completion_percent}
            file.write(json.dumps(line) + "\n")
    started = time.perf_counter()
    with BulkFile(path, quiet=True) as bulk:
        loaded = import_engagement(bulk)
    return Figure("import_engagement", loaded / (time.perf_counter() - started), "events/s", at_least=30_000)


def post_figures(var: Path, videos: list[uuid.UUID]) -> None:
    nova = Nova(var, "--no-limit", "--no-demo")
    try:
        nova.wait_until_ready()
        clients = [Client(nova.port, token) for token in tokens()]
        ids = [str(video) for video in videos]
        warm_up(clients, ids)
        latency_figures(clients[0], ids)
        tell(Figure("watches, one a call, 8 clients", side_by_side(singles(clients, ids), 8), "events/s"))
        tell(Figure(f"watches, {BATCH} a call, 4 clients", side_by_side(batches(clients, ids), 4), "events/s"))
        tell(freshness_figure(clients, ids))
    finally:
        nova.stop()


def tokens() -> list[str]:
    from nova.api import jwt

    return [jwt.sign(f"poster-{number}", lifetime=3600) for number in range(16)]


def warm_up(clients: list[Client], ids: list[str]) -> None:
    """Connections, cards and counters, as they are after the first minute."""
    from reels.cards import EMPTY_FOR

    time.sleep(EMPTY_FOR)  # until then the cards of new videos are not kept in Redis
    for client in clients * 8:
        client.call(
            "POST", "/reels/watch", {"events": [{"video_id": each, "completion_percent": 1} for each in ids[:BATCH]]}
        )
    for each in ids:
        clients[0].call("GET", f"/reels/{each}")


def latency_figures(client: Client, ids: list[str]) -> None:
    rng = random.Random(1)
    for name, body in (("like", None), ("watch", {"completion_percent": 50}), ("share", {})):
        calls = posts(client, name, body, iter(rng.sample(ids, len(ids))))
        taken = latencies(calls, 900)
        tell(Figure(f"{name}, one client, p50", percentile(taken, 0.5), "ms"))
        tell(Figure(f"{name}, one client, p95", percentile(taken, 0.95), "ms", at_most=15))


def posts(client: Client, action: str, body: object, ids: Iterator[str]) -> Iterator[Callable[[], object]]:
    for each in ids:
        yield partial(client.call, "POST", f"/reels/{each}/{action}", body)


def singles(clients: list[Client], ids: list[str]) -> Callable[[int], int]:
    def work(number: int) -> int:
        until = time.perf_counter() + SECONDS
        for done in count():
            if time.perf_counter() > until:
                return done
            clients[number].call("POST", f"/reels/{ids[done % len(ids)]}/watch", {"completion_percent": 50})
        raise AssertionError

    return work


def batches(clients: list[Client], ids: list[str]) -> Callable[[int], int]:
    def work(number: int) -> int:
        rng, until, done = random.Random(number), time.perf_counter() + SECONDS, 0
        while time.perf_counter() < until:
            events = [{"video_id": each, "completion_percent": 50, "event_id": f"{number}-{done}-{at}"}
                      for at, each in enumerate(rng.choices(ids, k=BATCH))]  # fmt: skip
            done += clients[number].call("POST", "/reels/watch", {"events": events})["accepted"]
        return done

    return work


def freshness_figure(clients: list[Client], ids: list[str]) -> Figure:
    """The longest that ClickHouse was behind while FRESH_RATE events a second came in by calls of 25."""
    from nova.clients import clickhouse

    wait_until_drained()
    sent: list[float] = []
    late, started, size = 0.0, time.time(), 25
    for number in range(SECONDS * FRESH_RATE // size):
        due = started + number * size / FRESH_RATE
        time.sleep(max(0.0, due - time.time()))
        events = [
            {"video_id": each, "completion_percent": 9.25, "event_id": f"fresh-{number}-{at}"}
            for at, each in enumerate(ids[:size])
        ]
        clients[number % 16].call("POST", "/reels/watch", {"events": events})
        sent.append(time.time())
        if number % 10 == 0:
            late = max(late, _behind(clickhouse, sent, size))
    while (arrived := _arrived(clickhouse)) < len(sent) * size:
        late = max(late, time.time() - sent[arrived // size])
    return Figure(f"POST to ClickHouse at {FRESH_RATE} events/s, the longest", late, "s", at_most=5)


def _behind(clickhouse: Any, sent: list[float], size: int) -> float:
    """For how long the oldest event that ClickHouse lacks has been acknowledged."""
    arrived = _arrived(clickhouse) // size
    return time.time() - sent[arrived] if arrived < len(sent) else 0.0


def _arrived(clickhouse: Any) -> int:
    sql = "SELECT count() FROM engagement_events WHERE completion_percent = 9.25"
    return clickhouse.select(sql)[0][0]


def wait_until_drained() -> None:
    from engagement.models import OutboxEvent

    started, waiting = time.perf_counter(), OutboxEvent.objects.count()
    while OutboxEvent.objects.exists():
        time.sleep(0.05)
    taken = time.perf_counter() - started
    say(f"  (the worker delivered the {waiting:,} events left over in {taken:.1f} s)")


if __name__ == "__main__":
    main()
