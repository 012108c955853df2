from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from engagement import delivery
from engagement.models import OutboxEvent


@admin.register(OutboxEvent)
class OutboxEventAdmin(admin.ModelAdmin):
    """To look at what waits; delivery is the relay's business."""

    list_display = ["id", "kind", "user_id", "video_id", "created_at", "parked_because"]
    list_filter = ["kind", ("parked_because", admin.EmptyFieldListFilter)]
    actions = ["deliver_again"]
    search_fields = ["user_id__exact", "event_id__exact"]
    ordering = ["id"]
    show_full_result_count = False

    @admin.action(description="Deliver again what was parked", permissions=["free"])
    def deliver_again(self, request: HttpRequest, events: QuerySet[OutboxEvent]) -> None:
        freed = delivery.free(events)
        self.message_user(request, f"Freed: {freed}. The relay tries again within a second.")

    def has_free_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("engagement.change_outboxevent")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutboxEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxEvent | None = None) -> bool:
        return False
