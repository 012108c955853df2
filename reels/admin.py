from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from reels import catalogue
from reels.models import Creator, Sound, Video


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

    def save_model(self, request: HttpRequest, obj: Video, form: object, change: bool) -> None:
        super().save_model(request, obj, form, change)
        catalogue.changed([obj.id])

    @admin.action(description="Publish")
    def publish(self, request: HttpRequest, videos: QuerySet[Video]) -> None:
        catalogue.set_published(videos, is_published=True)

    @admin.action(description="Take out of every feed")
    def unpublish(self, request: HttpRequest, videos: QuerySet[Video]) -> None:
        catalogue.set_published(videos, is_published=False)


@admin.register(Creator)
class CreatorAdmin(admin.ModelAdmin):
    list_display = ["id", "name"]
    search_fields = ["id", "name"]
    show_full_result_count = False


@admin.register(Sound)
class SoundAdmin(admin.ModelAdmin):
    list_display = ["id", "name"]
    search_fields = ["id", "name"]
    show_full_result_count = False
