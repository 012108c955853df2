"""What tests see of a page of a feed."""

from typing import Any

from django.http import HttpResponse
from rest_framework.test import APIClient

from tests.conftest import API


def ask(client: APIClient, **query: Any) -> Any:
    return client.get(f"{API}/reels", query)


def ids(answer: HttpResponse) -> list[str]:
    data: list[dict[str, Any]] = answer.json()["data"]  # type: ignore[attr-defined]
    return [video["id"] for video in data]


def pages(client: APIClient, **query: Any) -> list[Any]:
    """The answers of all pages, from the one that is asked for to the end."""
    answers = [ask(client, limit=30, **query)]
    while cursor := answers[-1].json()["next_cursor"]:
        answers.append(ask(client, limit=30, cursor=cursor))
    return answers
