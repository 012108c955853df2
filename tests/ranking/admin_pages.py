"""Addresses of the admin's pages, and its actions."""

from typing import Any

from django.test import Client
from django.urls import reverse


def page(row: Any, what: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{what}", args=[row.pk])


def pages(model: Any, what: str = "changelist") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}")


def act(client: Client, action: str, *rows: Any, **more: str) -> Any:
    """Run an action of the list page on rows, and see the page that follows."""
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(pages(rows[0]), chosen, follow=True)
