"""Who is kept out, and until when."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from nova.errors import ErasedError
from reels import erasing, erasures
from reels.models import Erasure

NOW = timezone.now()
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def ann(engines: None) -> Erasure:
    """Erased an hour ago."""
    return Erasure.objects.create(person=erasures.person("ann"), user_id="ann", requested_at=NOW - HOUR)


def test_nobody_is_kept_out_who_did_not_ask(ann: Erasure) -> None:
    assert erasures.among(["ben"]).until == {}
    assert erasures.among([]).until == {}
    erasures.welcome_back("ben", NOW - 400 * HOUR)
    assert Erasure.objects.count() == 1


def test_the_hash_is_keyed_and_always_the_same(settings: object) -> None:
    before = erasures.person("ann")
    assert (len(before), erasures.person("ann"), erasures.person("ben") == before) == (64, before, False)
    settings.PERSON_HASH_KEY = "another"  # type: ignore[attr-defined]
    assert erasures.person("ann") != before


def test_an_erased_person_is_kept_out_whatever_the_time(ann: Erasure) -> None:
    erased = erasures.among(["ann", "ben"])
    assert erased.keeps_out("ann", NOW + 1000 * HOUR)
    assert not erased.keeps_out("ben", NOW)


def test_what_was_done_before_does_not_bring_anybody_back(ann: Erasure) -> None:
    with pytest.raises(ErasedError):
        erasures.welcome_back("ann", NOW - 2 * HOUR)
    ann.refresh_from_db()
    assert ann.returned_at is None


def test_who_came_back_is_kept_out_of_what_they_did_before(ann: Erasure) -> None:
    erasures.welcome_back("ann", NOW)
    erasures.welcome_back("ann", NOW + HOUR)
    ann.refresh_from_db()
    assert ann.returned_at == NOW
    erased = erasures.among(["ann"])
    assert [erased.keeps_out("ann", NOW + shift) for shift in (-HOUR, 0 * HOUR)] == [True, False]
    with pytest.raises(ErasedError):
        erasures.welcome_back("ann", NOW - HOUR / 2)


def test_what_is_refused_is_told_in_words_that_are_true_before_and_after_coming_back(ann: Erasure) -> None:
    for at in (NOW - 2 * HOUR, NOW - HOUR / 2):
        with pytest.raises(ErasedError, match="before you asked to be erased or came back"):
            erasures.welcome_back("ann", at)
        erasures.welcome_back("ann", NOW)


def test_nobody_comes_back_in_the_future(ann: Erasure) -> None:
    erasures.welcome_back("ann", NOW + HOUR)
    ann.refresh_from_db()
    assert ann.returned_at is not None
    assert ann.returned_at < NOW + HOUR / 2


def test_a_long_load_hears_of_who_asks_meanwhile(ann: Erasure) -> None:
    doorkeeper = erasures.Doorkeeper()
    doorkeeper.learn({"ann", "ben"})
    assert [doorkeeper.keeps_out(each, NOW) for each in ("ann", "ben")] == [True, False]
    erasing.request(user_id="ben")
    doorkeeper.learn({"ben"})
    assert doorkeeper.keeps_out("ben", NOW)


def test_staff_see_that_erasures_come_to_their_end_and_not_whose_they_are(ann: Erasure) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    page = client.get("/admin/reels/erasure/").content.decode()
    assert ann.person in page
    assert client.get(f"/admin/reels/erasure/{ann.person}/change/").status_code == 200
    assert client.get("/admin/reels/erasure/add/").status_code == 403
    detail = client.get(f"/admin/reels/erasure/{ann.person}/change/").content.decode()
    assert ">ann<" not in page + detail
    assert 'name="_save"' not in detail


def test_two_sweeps_at_once_do_not_wait_for_each_other(ann: Erasure) -> None:
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        Erasure.objects.select_for_update().get()
        assert other.submit(in_its_own_connection, erasing.sweep).result(timeout=5) == 0
    assert erasing.sweep() == 1


def in_its_own_connection(action: Callable[[], int]) -> int:
    try:
        return action()
    finally:
        connection.close()
