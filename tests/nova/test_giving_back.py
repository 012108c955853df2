"""Connections that requests took go back when they end, and only those."""

from collections.abc import Iterator
from unittest.mock import Mock

import pytest
from django.core import signals
from django.db import close_old_connections, reset_queries
from django.dispatch import Signal

from nova.database import giving_back


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Mock:
    closing = Mock()
    monkeypatch.setattr(giving_back, "close_old_connections", closing)
    giving_back._thread.took_one = False
    return closing


def test_a_request_that_took_no_connection_gives_none_back(closing: Mock) -> None:
    giving_back.give_back()
    closing.assert_not_called()


def test_a_connection_that_was_taken_is_given_back_once(closing: Mock) -> None:
    giving_back.taken()
    giving_back.give_back()
    giving_back.give_back()
    closing.assert_called_once_with()


@pytest.fixture
def receivers() -> Iterator[None]:
    """Django's receivers as they were, after the test."""
    before = [(signal, list(signal.receivers)) for signal in (signals.request_started, signals.request_finished)]
    yield
    for signal, known in before:
        signal.receivers = known
        signal.sender_receivers_cache.clear()


def connected(signal: Signal) -> set[object]:
    return {receiver() for _, receiver, *_ in signal.receivers}


def test_the_web_looks_for_connections_only_at_the_end_of_a_request(receivers: None) -> None:
    giving_back.prepare()
    assert connected(signals.request_started).isdisjoint({reset_queries, close_old_connections})
    assert close_old_connections not in connected(signals.request_finished)
    assert giving_back.give_back in connected(signals.request_finished)
