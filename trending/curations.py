"""Pins and blocks, as they are laid over a list when it is shown."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import structlog
from django.db import DatabaseError
from django.utils import timezone

from nova.remembered import Remembered
from reels.models import Sound
from trending.models import Curation

log = structlog.get_logger(__name__)
FRESH_FOR = 10.0  # seconds
Entry = dict[str, Any]


class Rule(NamedTuple):
    """A pin with its position, or a block without one. `until` in seconds since 1970."""

    kind: str
    target: str
    category: str
    position: int | None
    until: float | None
    name: str

    def holds(self, kind: str, category: str, at: float) -> bool:
        in_force = self.until is None or at < self.until
        return in_force and self.kind == kind and self.category in ("", category)


def read() -> list[Rule]:
    """All that are in force. Raises DatabaseError."""
    rows = list(Curation.objects.order_by("position", "id"))
    sounds = {row.target for row in rows if row.kind == Curation.Kind.SOUND}
    names = dict(Sound.objects.filter(id__in=sounds).exclude(name="").values_list("id", "name"))
    return [
        Rule(row.kind, row.target, row.category, row.position, _seconds(row.until), names.get(row.target, row.target))
        for row in rows
        if row.until is None or row.until > timezone.now()
    ]


def current(published: Iterable[Sequence[Any]]) -> list[Rule]:
    """Those of now; without PostgreSQL those this process read last, and else those that were published."""
    try:
        return rules.get()
    except DatabaseError as error:
        log.warning("curations_stale", error=type(error).__name__)
        return [Rule(*each) for each in published]


def apply(entries: Sequence[Entry], known: dict[str, Entry], standing: Sequence[Rule]) -> list[Entry]:
    """The entries without what is blocked, and what is pinned at its place; a block is stronger than a pin.

    `known` are entries of pinned items that are in none of the list's places.
    """
    blocked = {rule.target for rule in standing if rule.position is None}
    pins = {rule.target: rule for rule in standing if rule.position is not None and rule.target not in blocked}
    listed = {entry["item"]: entry for entry in entries}
    shown = [entry for entry in entries if entry["item"] not in blocked and entry["item"] not in pins]
    for rule in sorted(pins.values(), key=lambda each: each.position or 0):
        entry = listed.get(rule.target) or known.get(rule.target) or _unheard_of(rule)
        shown.insert((rule.position or 1) - 1, entry)
    return shown


def _unheard_of(rule: Rule) -> Entry:
    return {"item": rule.target, "name": rule.name, "count": 0, "change": None, "score": 0.0, "videos": []}


def _seconds(at: dt.datetime | None) -> float | None:
    return at.timestamp() if at else None


def _read_or_keep(last: list[Rule] | None) -> list[Rule]:
    """Raises DatabaseError when there is nothing to keep."""
    try:
        return read()
    except DatabaseError:
        if last is None:
            raise
        log.warning("curations_stale")
        return last


rules = Remembered(_read_or_keep, fresh_for=FRESH_FOR)
