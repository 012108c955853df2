"""People who asked to be erased. What is left of them is a keyed hash, which keeps late and replayed events out.

It stands on the lowest floor of the apps, because nothing of an erased person may come back: neither as a creator from
an import nor as a viewer from a queue.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings

from reels.models import Erasure

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Erased:
    """Some erased people: until when nothing of theirs is taken. Those who came back start anew at that time."""

    until: dict[str, dt.datetime] = field(default_factory=dict)

    def keeps_out(self, user_id: str, at: dt.datetime) -> bool:
        """Whether something that this person did, or made, at that time is kept out."""
        until = self.until.get(user_id)
        return until is not None and at < until


def person(user_id: str) -> str:
    """What is kept of an erased person: an HMAC-SHA256 of the id, which tells nobody without the key who it was."""
    return hmac.digest(settings.PERSON_HASH_KEY.encode(), user_id.encode(), hashlib.sha256).hex()


def among(user_ids: Iterable[str]) -> Erased:
    """Which of these people are erased, in one query."""
    by_hash = {person(user_id): user_id for user_id in user_ids}
    rows = Erasure.objects.filter(person__in=list(by_hash)).values_list("person", "returned_at") if by_hash else []
    return Erased({by_hash[each]: returned_at or FOREVER for each, returned_at in rows})
