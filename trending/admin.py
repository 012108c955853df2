from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from trending import serving
from trending.models import Curation


@admin.register(Curation)
class CurationAdmin(admin.ModelAdmin):
    """Pins and blocks; every worker follows within 30 seconds."""

    list_display = ["target", "kind", "action", "position", "category", "until", "updated_at"]
    list_filter = ["kind", "action", ("until", admin.EmptyFieldListFilter)]
    search_fields = ["target", "category", "note"]
    ordering = ["kind", "action", "position", "target"]
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: Curation, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(serving.forget)

    def delete_model(self, request: HttpRequest, obj: Curation) -> None:
        super().delete_model(request, obj)
        transaction.on_commit(serving.forget)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Curation]) -> None:
        super().delete_queryset(request, queryset)
        transaction.on_commit(serving.forget)
