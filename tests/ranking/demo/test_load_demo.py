"""`manage.py load_demo` on real engines, in a small size."""

import datetime as dt
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from engagement.models import Follow, Like, VideoCounter
from nova.clients import clickhouse
from ranking.demo import generator
from ranking.demo.size import Size
from reels.ids import video_id
from reels.models import Creator, Video

pytestmark = pytest.mark.usefixtures("engines")
SMALL = {"videos": 240, "viewers": 60, "events": 1_000}
COUNT_EVENTS = "SELECT kind, count() FROM engagement_events GROUP BY kind"


def load(**options: Any) -> str:
    said = StringIO()
    call_command("load_demo", stdout=said, **SMALL | options)
    return said.getvalue()


def state() -> Mapping[str, Any]:
    """All that loading leaves behind."""
    return {
        "videos": list(Video.objects.order_by("id").values()),
        "likes": sorted(Like.objects.values_list("user_id", "video_id", "is_active", "changed_at")),
        "follows": sorted(Follow.objects.values_list("user_id", "creator_id", "is_active", "changed_at")),
        "totals": list(VideoCounter.objects.order_by("video_id").values()),
        "events": sorted(clickhouse.select(COUNT_EVENTS, {})),
        "people": list(get_user_model().objects.values_list("username", flat=True)),
    }


def generated() -> list[dict[str, Any]]:
    return list(generator.events(Size(**SMALL), 7, timezone.now()))


def test_every_generated_record_is_loaded() -> None:
    said = load()
    events = generated()
    of_kind: dict[str, int] = dict(clickhouse.select(COUNT_EVENTS, {}))
    assert Video.objects.count() == SMALL["videos"]
    assert sum(of_kind.values()) == len(events)
    assert of_kind["like"] == Like.objects.filter(is_active=True).count()
    assert of_kind["follow"] == Follow.objects.filter(is_active=True).count()
    assert f"Loaded 240 demo videos and {len(events):,} events of 60 viewers." in said


def test_loading_again_changes_nothing() -> None:
    load()
    before = state()
    load()
    assert state() == before


def test_loading_again_months_later_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    before = state()
    later = timezone.now() + dt.timedelta(days=70)
    monkeypatch.setattr(timezone, "now", lambda: later)
    load()
    assert state() == before


def test_if_empty_leaves_a_catalogue_alone_but_makes_the_admin() -> None:
    Video.objects.create(
        id=video_id("mine"), creator=Creator.objects.create(id="me"), title="Mine", created_at=timezone.now()
    )
    said = load(if_empty=True)
    assert Video.objects.count() == 1
    assert "no demo data was loaded" in said
    assert get_user_model().objects.get().username == "admin"


def test_if_empty_leaves_a_whole_demo_alone() -> None:
    load()
    before = state()
    assert "no demo data was loaded" in load(if_empty=True, seed=8)
    assert state() == before


def test_if_empty_completes_a_first_run_that_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("ranking.management.commands.load_demo.import_engagement", interrupted)
        load()
    assert Video.objects.exists()
    load(if_empty=True)
    assert sum(dict(clickhouse.select(COUNT_EVENTS, {})).values()) == len(generated())


def interrupted(records: object) -> int:
    raise KeyboardInterrupt


def test_the_admin_can_log_in_and_is_made_once() -> None:
    assert "Made the admin login admin / admin." in load()
    admin = get_user_model().objects.get()
    assert admin.is_superuser
    assert admin.check_password("admin")
    assert "Made the admin login" not in load()


def test_no_admin_is_made_where_there_is_a_superuser() -> None:
    get_user_model().objects.create_superuser("grace", password="long enough to be safe")
    load()
    assert get_user_model().objects.get().username == "grace"


def test_production_is_refused_with_a_way_out(settings: Any) -> None:
    settings.APP_ENV = "production"
    with pytest.raises(CommandError, match="import_catalogue FILE"):
        load()
    assert not Video.objects.exists()
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [({"seed": -1}, "--seed must be 0 or more"), ({"videos": 10}, "videos must be at least 200")],
)
def test_arguments_that_make_no_sense_are_refused(options: dict[str, int], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        load(**options)
    assert not Video.objects.exists()
