from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from reels import catalogue
from reels.models import Creator, Erasure, Sound, Video


@admin.register(Video)
class VideoAdmin(admin.ModelAdmin):
    list_display = ["title", "creator", "category", "duration_seconds", "created_at", "is_published"]
    list_filter = ["is_published", "created_at"]
    list_select_related = ["creator"]
    ordering = ["-created_at"]
    search_fields = ["id__exact", "external_id__exact", "creator__id__exact", "title"]
    autocomplete_fields = ["creator", "sound"]
    show_full_result_count = False
    actions = ["publish", "unpublish"]

    def get_readonly_fields(self, request: HttpRequest, obj: Video | None = None) -> list[str]:
        return ["id"] if obj else []  # another id would be another video

    def save_model(self, request: HttpRequest, obj: Video, form: object, change: bool) -> None:
        super().save_model(request, obj, form, change)
        catalogue.changed([obj.id])

    def delete_model(self, request: HttpRequest, obj: Video) -> None:
        video_id = obj.id
        super().delete_model(request, obj)
        catalogue.changed([video_id])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Video]) -> None:
        video_ids = list(queryset.values_list("id", flat=True))
        super().delete_queryset(request, queryset)
        catalogue.changed(video_ids)

    @admin.action(description="Publish")
    def publish(self, request: HttpRequest, videos: QuerySet[Video]) -> None:
        catalogue.set_published(videos, is_published=True)

    @admin.action(description="Take out of every feed")
    def unpublish(self, request: HttpRequest, videos: QuerySet[Video]) -> None:
        catalogue.set_published(videos, is_published=False)


class NamedAdmin(admin.ModelAdmin):
    """What videos refer to by its id, and show by its name."""

    list_display = ["id", "name"]
    search_fields = ["id", "name"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Creator | Sound | None = None) -> list[str]:
        return ["id"] if obj else []

    def save_model(self, request: HttpRequest, obj: Creator | Sound, form: object, change: bool) -> None:
        super().save_model(request, obj, form, change)
        catalogue.changed(list(obj.videos.values_list("id", flat=True)))


admin.site.register([Creator, Sound], NamedAdmin)


@admin.register(Erasure)
class ErasureAdmin(admin.ModelAdmin):
    """To see that erasures come to their end. Whose they are is not shown."""

    list_display = ["person", "requested_at", "finished_at", "returned_at"]
    fields = ["person", "requested_at", "finished_at", "returned_at"]
    list_filter = ["requested_at", ("finished_at", admin.EmptyFieldListFilter)]
    search_fields = ["person__exact"]
    ordering = ["-requested_at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Erasure | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Erasure | None = None) -> bool:
        return False
