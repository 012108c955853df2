"""Searching as a client does, over what was indexed."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from ranking.search import dictionary, indexing
from tests.conftest import API

URL = f"{API}/reels/search"


@pytest.fixture
def index(engines: None) -> Callable[[], None]:
    """What the scheduler does each second, and web workers every now and then."""

    def bring_up_to_date() -> None:
        indexing.index_due(seconds=60)
        dictionary.words.forget()

    return bring_up_to_date


@pytest.fixture
def search(index: Callable[[], None], client_of: Callable[..., APIClient]) -> Callable[..., Any]:
    """The answer to a query, after everything was indexed."""

    def ask(q: str, user: str = "ann", status: int = 200, **parameters: Any) -> Any:
        index()
        response = client_of(user).get(URL, {"q": q, **parameters})
        assert response.status_code == status, response.content
        return response.json()

    return ask


@pytest.fixture
def titles(search: Callable[..., Any]) -> Callable[..., list[str]]:
    """The titles a query finds, in their order."""

    def ask(q: str, **parameters: Any) -> list[str]:
        return [video["title"] for video in search(q, **parameters)["data"]]

    return ask
