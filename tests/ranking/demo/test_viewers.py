"""Who the demo's people are: tastes that differ, reactions that fit, and two guests to meet first."""

from collections import Counter
from statistics import mean

import pytest

from ranking.demo import reactions
from ranking.demo.tastes import GUESTS
from tests.ranking.demo.worlds import SMALL, VIDEO_KINDS, World, make


def test_nobody_does_the_same_thing_twice(world: World) -> None:
    done = Counter(
        (event["user_id"], event["kind"], event.get("video_id") or event["creator_id"]) for event in world.events
    )
    assert max(done.values()) == 1


def test_people_react_only_to_what_they_watched(world: World) -> None:
    watched = {(view["user_id"], view["video_id"]): world.age(view) for view in world.of("watch")}
    reactions = [event for event in world.events if event["kind"] in VIDEO_KINDS - {"watch"}]
    assert all(world.age(each) < watched[each["user_id"], each["video_id"]] for each in reactions)


def test_nobody_is_not_interested_in_what_they_liked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "LIKES", 0.4)  # so many that they would meet by chance
    monkeypatch.setattr(reactions, "NOT_INTERESTED", 0.4)
    small = make(SMALL, 7)
    liked = {(event["user_id"], event["video_id"]) for event in small.of("like")}
    disliked = {(event["user_id"], event["video_id"]) for event in small.of("not_interested")}
    assert len(liked) > 100
    assert len(disliked) > 100
    assert not liked & disliked


def test_some_people_follow_creators_whom_they_watched(world: World) -> None:
    watched = {(view["user_id"], world.video_of(view)["creator_id"]) for view in world.of("watch")}
    follows = {(event["user_id"], event["creator_id"]) for event in world.of("follow")}
    assert len({user for user, _ in follows}) > 100
    assert follows <= watched


def favourite_category(world: World, user: str) -> str:
    counts = Counter(world.video_of(view)["category"] for view in world.of("watch", user))
    return counts.most_common(1)[0][0]


def busiest_people(world: World) -> list[str]:
    counts = Counter(view["user_id"] for view in world.of("watch") if view["user_id"] not in GUESTS)
    return [user for user, _ in counts.most_common(60)]


def test_tastes_differ_between_viewers(world: World) -> None:
    favourites = Counter(favourite_category(world, user) for user in busiest_people(world))
    assert len(favourites) >= 8
    assert max(favourites.values()) < 20


def test_people_watch_further_and_like_more_in_the_category_they_watch_most(world: World) -> None:
    liked = {(like["user_id"], like["video_id"]) for like in world.of("like")}
    most_watched = {user: favourite_category(world, user) for user in busiest_people(world)}
    completion: dict[bool, list[float]] = {True: [], False: []}
    likes: dict[bool, list[bool]] = {True: [], False: []}
    for view in world.of("watch"):
        if view["user_id"] in most_watched:
            in_it = world.video_of(view)["category"] == most_watched[view["user_id"]]
            completion[in_it].append(view["completion_percent"])
            likes[in_it].append((view["user_id"], view["video_id"]) in liked)
    assert mean(completion[True]) > 1.5 * mean(completion[False])
    assert mean(likes[True]) > 2 * mean(likes[False])


def test_likes_gather_on_few_creators(world: World) -> None:
    """Of two likes of one person, far more go to one creator than chance would send there (1 of 150)."""
    creators: dict[str, list[str]] = {}
    for like in world.of("like"):
        creators.setdefault(like["user_id"], []).append(world.video_of(like)["creator_id"])
    several = [each for user, each in creators.items() if len(each) >= 3 and user not in GUESTS]
    assert len(several) > 50
    assert mean(len(set(each)) < len(each) for each in several) > 0.3


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_has_watched_liked_and_followed_enough_to_be_known_by(world: World, guest: str) -> None:
    liked = {world.video_of(like)["creator_id"] for like in world.of("like", guest)}
    assert 60 <= len(world.of("watch", guest)) <= 150
    assert len(world.of("like", guest)) >= 15
    assert len(world.of("follow", guest)) >= 4
    assert len(liked) <= 12


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_has_plenty_of_favourites_left_to_see(world: World, guest: str) -> None:
    seen = {view["video_id"] for view in world.of("watch", guest)}
    made: Counter[str] = Counter(video["creator_id"] for video in world.videos.values() if video["id"] not in seen)
    liked = {world.video_of(like)["creator_id"] for like in world.of("like", guest)}
    assert min(made[creator] for creator in liked) >= 5
    assert sum(made[creator] for creator in liked) >= 80


def test_the_guests_have_nothing_in_common(world: World) -> None:
    liked = [{world.video_of(like)["creator_id"] for like in world.of("like", guest)} for guest in GUESTS]
    favourites = [set(categories) for categories in GUESTS.values()]
    assert not liked[0] & liked[1]
    assert not favourites[0] & favourites[1]
