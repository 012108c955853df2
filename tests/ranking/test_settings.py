"""What staff tuned: weights that sum to 1, flags with stable buckets, and how fast workers follow."""

import itertools
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError

from nova import remembered
from nova.clients import redis
from nova.remembered import Remembered
from ranking import services, settings
from ranking.models import FeatureFlag, WeightSet

BUCKETS = [5681, 6310, 2762, 1155, 5862]
USERS = [f"user-{number}" for number in range(20_000)]


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let seconds pass for whoever remembers settings."""
    now = [1_000.0]
    monkeypatch.setattr(remembered, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def add(seconds: float) -> None:
        now[0] += seconds

    return add


def flag(name: str, percent: str) -> FeatureFlag:
    return FeatureFlag(name=name, percent=Decimal(percent))


def those_in(flag: FeatureFlag) -> set[str]:
    return {user for user in USERS if flag.is_on_for(user)}


@pytest.mark.parametrize(
    "changed", [{"freshness": 0.2}, {"deep": 0.0}, {"completion": 0.5}, {"freshness": -0.15, "completion": 0.7}]
)
def test_weights_that_do_not_sum_to_one_or_are_negative_are_not_sound(changed: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="weights must"):
        WeightSet(name="new", **changed).clean()


def test_the_defaults_are_the_documented_weights() -> None:
    weight_set = WeightSet(name="new")
    weight_set.clean()
    assert weight_set.weights().as_array().tolist() == pytest.approx([0.15, 0.40, 0.25, 0.15, 0.05])


def test_activating_a_set_deactivates_the_other(engines: None) -> None:
    new = WeightSet.objects.create(name="new")
    services.activate(weight_set=new)
    assert [each.name for each in WeightSet.objects.filter(is_active=True)] == ["new"]
    services.activate(weight_set=new)
    assert [each.name for each in WeightSet.objects.filter(is_active=True)] == ["new"]


def test_an_unsound_set_is_not_activated(engines: None) -> None:
    unsound = WeightSet.objects.create(name="unsound", freshness=1.0)
    with pytest.raises(ValidationError, match="sum to 1"):
        services.activate(weight_set=unsound)
    assert [each.name for each in WeightSet.objects.filter(is_active=True)] == ["default"]


def test_the_database_holds_no_two_active_sets(engines: None) -> None:
    with pytest.raises(IntegrityError):
        WeightSet.objects.create(name="second", is_active=True)


def test_the_process_that_activates_a_set_ranks_with_it_at_once(engines: None) -> None:
    assert settings.weight_set.get().name == "default"
    services.activate(weight_set=WeightSet.objects.create(name="new"))
    assert settings.weight_set.get().name == "new"


def test_another_process_follows_when_what_it_knows_is_no_longer_fresh(
    engines: None, pass_time: Callable[[float], None]
) -> None:
    elsewhere = Remembered(settings.weight_set._read, fresh_for=settings.FRESH_FOR)
    assert elsewhere.get().name == "default"
    services.activate(weight_set=WeightSet.objects.create(name="new"))
    pass_time(settings.FRESH_FOR - 0.01)
    assert elsewhere.get().name == "default"
    pass_time(0.01)
    assert elsewhere.get().name == "new"


def test_every_process_follows_within_the_promised_thirty_seconds() -> None:
    assert settings.FRESH_FOR < 30


def test_without_an_active_set_the_defaults_rank(engines: None) -> None:
    WeightSet.objects.update(is_active=False)
    settings.forget()
    assert settings.weight_set.get().weights() == WeightSet(name="new").weights()


def test_without_its_flag_the_feed_is_off(engines: None) -> None:
    FeatureFlag.objects.all().delete()
    settings.forget()
    assert not settings.feed_flag.get().is_on_for("ann")


@pytest.fixture
def take_postgresql_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """For whoever reads settings."""

    def fail(*given: object, **more: object) -> None:
        raise OperationalError("away")

    return lambda: monkeypatch.setattr(WeightSet.objects, "filter", fail)


def test_the_last_settings_stay_while_postgresql_is_away(
    engines: None, pass_time: Callable[[float], None], take_postgresql_away: Callable[[], None]
) -> None:
    known = settings.weight_set.get()
    take_postgresql_away()
    for _ in range(3):
        pass_time(settings.FRESH_FOR)
        assert settings.weight_set.get() is known


def test_a_worker_that_starts_while_postgresql_is_away_knows_the_settings_and_every_stamp(
    engines: None, take_postgresql_away: Callable[[], None]
) -> None:
    stamp, weights = settings.stamp("ann"), settings.weight_set.get().weights()
    take_postgresql_away()
    settings.forget()
    assert (settings.stamp("ann"), settings.weight_set.get().weights()) == (stamp, weights)


def test_what_was_never_read_cannot_stay(engines: None, take_postgresql_away: Callable[[], None]) -> None:
    settings.forget()
    take_postgresql_away()
    redis.connection().flushdb()
    with pytest.raises(OperationalError):
        settings.weight_set.get()


def test_the_same_people_are_in_for_ever() -> None:
    """Written down, because an upgrade must not deal people anew."""
    people = ["ann", "ben", "cleo", "dan", "eve"]
    assert [FeatureFlag.bucket("new_feed", user) for user in people] == BUCKETS


def test_who_is_in_stays_in_as_the_share_grows() -> None:
    stages = [those_in(flag("new_feed", percent)) for percent in ("0", "1", "10", "50", "100")]
    assert stages[0] == set()
    assert all(before < after for before, after in itertools.pairwise(stages))
    assert stages[-1] == set(USERS)


@pytest.mark.parametrize("percent", [1, 10, 33, 50, 90])
def test_the_share_of_people_is_that_of_the_flag(percent: int) -> None:
    share = len(those_in(flag("new_feed", str(percent)))) / len(USERS)
    assert share == pytest.approx(percent / 100, abs=0.012)  # over three standard deviations


def test_a_hundredth_of_a_percent_is_one_bucket() -> None:
    assert FeatureFlag.bucket("new_feed", "ann") == 5681
    assert not flag("new_feed", "56.81").is_on_for("ann")
    assert flag("new_feed", "56.82").is_on_for("ann")


def test_flags_choose_people_independently_of_each_other() -> None:
    both = those_in(flag("new_feed", "50")) & those_in(flag("dark_mode", "50"))
    assert len(both) / len(USERS) == pytest.approx(0.25, abs=0.012)
