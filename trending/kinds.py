"""The two things that trend, and what of an event counts for them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`used` is the expression that makes an array of items out of an event's columns."""

    name: str
    used: str


SOUND = Kind("sound", "[sound_id]")
HASHTAG = Kind("hashtag", "hashtags")
KINDS = (SOUND, HASHTAG)
EVERYTHING = ""  # the category of lists that know no category
# A row for the list of its category, and one for that of all; `key` is how SQL and Python call an item of a list.
LISTS = "arrayJoin(if(category = '', [''], ['', category]))"
# A viewer's engagement; an unlike or a "not interested" is none, nor is what a creator does to their own videos.
ENGAGED = "kind IN ('watch', 'like', 'share', 'comment') AND user_id <> creator_id"
