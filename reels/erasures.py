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
from django.db import connection

from nova.errors import ErasedError
from reels.models import Erasure

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
# An import asks for a whole batch of people at once.
AMONG = "SELECT person, returned_at FROM reels_erasure WHERE person = ANY(%s)"
TIMES = "SELECT requested_at, returned_at FROM reels_erasure WHERE person = %s"
# Not later than this transaction begins: what it writes is dated then, and belongs to the time after.
COME_BACK = "UPDATE reels_erasure SET returned_at = least(%s, now()) WHERE person = %s AND returned_at IS NULL"


@dataclass(frozen=True)
class Erased:
    """Some erased people: until when nothing of theirs is taken. Those who came back start anew at that time."""

    until: dict[str, dt.datetime] = field(default_factory=dict)

    def keeps_out(self, user_id: str, at: dt.datetime) -> bool:
        """Whether something that this person did, or made, at that time is kept out."""
        until = self.until.get(user_id)
        return until is not None and at < until


class Doorkeeper:
    """Keeps erased people out of a long load. It looks each person up once, and hears of those who ask meanwhile."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._erased = Erased()
        self.keeps_out = self._erased.keeps_out

    @property
    def is_needed(self) -> bool:
        """Whether any of those it learned about is kept out of anything."""
        return bool(self._erased.until)

    def learn(self, user_ids: set[str]) -> None:
        """Call it with the people of a batch before `keeps_out` is asked about them."""
        self._erased.until.update(among(user_ids - self._known).until)
        self._erased.until.update(unfinished())
        self._known |= user_ids


def person(user_id: str) -> str:
    """What is kept of an erased person: an HMAC-SHA256 of the id, which tells nobody without the key who it was."""
    return hmac.digest(settings.PERSON_HASH_KEY.encode(), user_id.encode(), hashlib.sha256).hex()


def among(user_ids: Iterable[str]) -> Erased:
    """Which of these people are erased, in one query."""
    by_hash = {person(user_id): user_id for user_id in user_ids}
    if not by_hash:
        return Erased()
    with connection.cursor() as cursor:
        cursor.execute(AMONG, [list(by_hash)])
        return Erased({by_hash[each]: returned_at or FOREVER for each, returned_at in cursor.fetchall()})


def unfinished() -> dict[str, dt.datetime]:
    """Those whose erasure goes on, and until when nothing of theirs is taken."""
    rows = Erasure.objects.filter(finished_at=None).values_list("user_id", "returned_at")
    return {user_id: returned_at or FOREVER for user_id, returned_at in rows}


def welcome_back(user_id: str, at: dt.datetime) -> None:
    """Call it in the transaction of whatever a person writes: an erased one who does something is back.

    Raises ErasedError for what was done before the erasure, or before they came back.
    """
    key = person(user_id)
    with connection.cursor() as cursor:  # on the way of every write: the ORM would cost more than the query
        cursor.execute(TIMES, [key])
        row = cursor.fetchone()
        if row is None:
            return
        requested_at, returned_at = row
        if at < (returned_at or requested_at):
            raise ErasedError
        if returned_at is None:
            cursor.execute(COME_BACK, [at, key])
