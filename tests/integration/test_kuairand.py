"""Real viewing history, where it is there: `../shared/data/kuairand` beside the project, or NOVA_KUAIRAND."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import counters, delivery
from engagement.models import Follow, Like, NotInterested
from nova import environment
from nova.clients import clickhouse
from ranking import publishing
from ranking.models import WeightSet
from reels.models import Video
from tests.conftest import API

SOURCE = Path(os.environ.get("NOVA_KUAIRAND", environment.BASE_DIR.parent / "shared" / "data" / "kuairand"))
pytestmark = [
    pytest.mark.skipif(not (SOURCE / "make_jsonl.py").exists(), reason=f"the KuaiRand history is not in {SOURCE}"),
    pytest.mark.xdist_group("kuairand"),
    pytest.mark.timeout(600),
]
DAY = 86_400
# By hand, from the events themselves: nothing of Nova's aggregates, counters or tables.
COMPLETIONS = """
SELECT video_id, sum(completion_percent) / 100, count() FROM engagement_events
WHERE kind = 'watch' AND ifNull(watch_ms, 1000) >= 1000 AND occurred_at > now() - INTERVAL 30 DAY GROUP BY video_id
"""
LIFE = """
SELECT video_id, uniqExactIf(user_id, kind = 'like'), countIf(kind = 'share'), countIf(kind = 'comment'),
       countIf(kind = 'watch' AND ifNull(watch_ms, 1000) >= 1000)
FROM engagement_events GROUP BY video_id
"""
TIES = "SELECT creator_id, uniqExactIf(video_id, kind = 'like') + 0.5 * countIf(kind = 'comment') AS sum \
FROM engagement_events WHERE user_id = %(user)s GROUP BY creator_id HAVING sum > 0"
MOST_ACTIVE = "SELECT user_id FROM engagement_events WHERE kind = 'like' GROUP BY user_id ORDER BY count() DESC LIMIT 3"
MOST_UNWILLING = "SELECT user_id FROM engagement_events WHERE kind = 'not_interested' AND \
occurred_at > now() - INTERVAL 90 DAY GROUP BY user_id ORDER BY count() DESC LIMIT 2"
UNWANTED = "SELECT DISTINCT video_id, creator_id, occurred_at > now() - INTERVAL 90 DAY FROM engagement_events \
WHERE user_id = %(user)s AND kind = 'not_interested'"
WATCHED = "SELECT DISTINCT video_id FROM engagement_events WHERE user_id = %(user)s AND kind = 'watch' \
AND occurred_at > now() - INTERVAL 30 DAY"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("kuairand")
    subprocess.run([sys.executable, SOURCE / "make_jsonl.py", folder], check=True)
    yield folder
    for path in folder.iterdir():
        path.unlink()


def state() -> tuple[object, ...]:
    return (
        clickhouse.select(
            "SELECT kind, count(), sum(cityHash64(event_id)) FROM engagement_events GROUP BY 1 ORDER BY 1"
        ),
        clickhouse.select("SELECT count() FROM user_watch_history_realtime FINAL"),
        [model.objects.filter(is_active=True).count() for model in (Like, Follow, NotInterested)],
        counters.totals(Video.objects.values_list("id", flat=True)),
    )


def test_real_history_is_loaded_once_however_often_and_served_as_scored(
    files: Path, plain_ranking: WeightSet, client_of: Callable[..., APIClient]
) -> None:
    """One test, because loading is the long part."""
    call_command("import_catalogue", files / "catalogue.jsonl", verbosity=0)
    call_command("import_engagement", files / "engagement.jsonl", verbosity=0)
    assert Video.objects.count() == 7_583
    assert clickhouse.select("SELECT count() FROM engagement_events") == [(927_010,)]
    assert not list(files.glob("*.rejects.jsonl"))

    once = state()
    call_command("import_engagement", files / "engagement.jsonl", verbosity=0)
    assert state() == once

    publishing.refresh()
    (active,), *others = clickhouse.select(MOST_ACTIVE)
    refuse_some(client_of(active))
    for user in (active, *(user for (user,) in others + clickhouse.select(MOST_UNWILLING))):
        ids = everything_served(client_of(user))
        watched = {str(video_id) for (video_id,) in clickhouse.select(WATCHED, {"user": user})}
        assert len(watched) > 5
        assert len(ids) == len(set(ids)) == 500
        assert not set(ids) & watched
        assert_order_is_that_of_the_formula(user, ids, watched, plain_ranking)


def refuse_some(client: APIClient) -> None:
    """Say of one video of each of three creators who stand in the feed more than once that it is not wanted."""
    creator_of = dict(Video.objects.filter(id__in=everything_served(client)).values_list("id", "creator_id"))
    repeated = [creator for creator, number in Counter(creator_of.values()).most_common(3) if number > 1]
    assert len(repeated) == 3
    for creator in repeated:
        video_id = next(video_id for video_id, theirs in creator_of.items() if theirs == creator)
        assert client.post(f"{API}/reels/{video_id}/not-interested").status_code == 204
    assert delivery.deliver() == 3


def everything_served(client: APIClient) -> list[str]:
    ids: list[str] = []
    query: dict[str, str] = {"limit": "50"}
    while True:
        page = client.get(f"{API}/reels", query).json()
        ids += [video["id"] for video in page["data"]]
        if not page["has_more"]:
            return ids
        query["cursor"] = page["next_cursor"]


def assert_order_is_that_of_the_formula(user: str, ids: list[str], watched: set[str], weights: WeightSet) -> None:
    """Scores by hand, in double precision; the served order must be theirs, but for what rounding decides."""
    unwanted = clickhouse.select(UNWANTED, {"user": user})
    out = watched | {str(video_id) for video_id, _, _ in unwanted}
    assert not set(ids) & out
    videos = [video for video in Video.objects.all() if str(video.id) not in out]
    dislikes = Counter(creator_id for _, creator_id, is_recent in unwanted if is_recent)
    completions = {row[0]: row[1:] for row in clickhouse.select(COMPLETIONS)}
    life = {row[0]: row[1:] for row in clickhouse.select(LIFE)}
    prior = weights.prior_views
    completion_mean = sum(c[0] for c in completions.values()) / sum(c[1] for c in completions.values())
    engaged = sum(likes + 2 * shares + 0.5 * comments for likes, shares, comments, _ in life.values())
    engagement_mean = engaged / sum(each[3] for each in life.values())
    ties: dict[str, float] = dict(clickhouse.select(TIES, {"user": user}))
    largest = max(ties.values(), default=0)
    now = timezone.now().timestamp()
    scores = {}
    for video in videos:
        age = min(max((now - video.created_at.timestamp()) / 3600 / 720, 0), 1)
        total, watches = completions.get(video.id, (0, 0))
        likes, shares, comments, views = life.get(video.id, (0, 0, 0, 0))
        engagement = (likes + 2 * shares + 0.5 * comments + prior * engagement_mean) / (views + prior)
        scores[str(video.id)] = (
            weights.freshness * (1 - age**2)
            + weights.completion * (total + prior * completion_mean) / (watches + prior)
            + weights.engagement * min(engagement, 1)
            + weights.affinity * (ties.get(video.creator_id, 0) / largest if largest else 0.5)
        ) * max(0.7 ** dislikes[video.creator_id], 0.2)
    served = np.array([scores[each] for each in ids])
    best = np.sort(list(scores.values()))[::-1][:500]
    np.testing.assert_allclose(served, best, atol=2e-6)
