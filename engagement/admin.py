from django.contrib import admin
from django.http import HttpRequest

from engagement.models import OutboxEvent


@admin.register(OutboxEvent)
class OutboxEventAdmin(admin.ModelAdmin):
    """To look at what waits; delivery is the relay's business."""

    list_display = ["id", "kind", "user_id", "video_id", "created_at"]
    list_filter = ["kind"]
    search_fields = ["user_id__exact", "event_id__exact"]
    ordering = ["id"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutboxEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxEvent | None = None) -> bool:
        return False
