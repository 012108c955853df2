from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from ranking import services, settings
from ranking.engine.scoring import SIGNAL_NAMES
from ranking.models import DeepRecallModel, FeatureFlag, WeightSet


@admin.register(WeightSet)
class WeightSetAdmin(admin.ModelAdmin):
    list_display = [
        "name",
        "is_active",
        *SIGNAL_NAMES,
        "freshness_curve",
        "updated_at",
    ]
    readonly_fields = ["is_active"]
    actions = ["activate"]
    fieldsets = [
        (None, {"fields": ["name", "is_active"]}),
        (
            "Score",
            {
                "fields": [
                    SIGNAL_NAMES,
                    "freshness_curve",
                    "prior_views",
                ],
                "description": "The five weights sum to 1.",
            },
        ),
        ("Mix", {"fields": ["diversity", "creator_decay", "exploration_share"]}),
    ]

    def save_model(self, request: HttpRequest, obj: WeightSet, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(settings.forget)  # not before: another thread would remember the old one

    def has_delete_permission(self, request: HttpRequest, obj: WeightSet | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_active)

    @admin.action(description="Rank with this set")
    def activate(self, request: HttpRequest, chosen: QuerySet[WeightSet]) -> None:
        if chosen.count() != 1:
            messages.error(request, "Choose one weight set: exactly one is active.")
            return
        weight_set = chosen.get()
        try:
            services.activate(weight_set=weight_set)
        except ValidationError as error:
            messages.error(request, "; ".join(error.messages))
            return
        messages.success(request, f"Feeds are ranked with {weight_set.name}; every worker follows within 30 s.")


@admin.register(FeatureFlag)
class FeatureFlagAdmin(admin.ModelAdmin):
    list_display = ["name", "percent", "updated_at"]

    def save_model(self, request: HttpRequest, obj: FeatureFlag, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(settings.forget)


@admin.register(DeepRecallModel)
class DeepRecallModelAdmin(admin.ModelAdmin):
    list_display = ["model_version", "is_active", "deployed_at", "created_at"]
    readonly_fields = ["model_version", "deployed_at", "is_active", "performance_metrics", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # training registers models
