"""What staff tune: weight sets and flags; and the versions of the deep model."""

import hashlib

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from ranking.engine.errors import WeightsError
from ranking.engine.weights import Weights

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class WeightSet(models.Model):
    """How feeds are scored and mixed. Exactly one set is active."""

    class Curve(models.TextChoices):
        GENTLE = "gentle", "gentle: 1 − (age / 720 h)²"
        STEEP = "steep", "steep: (1 − age / 720 h)²"

    name = models.CharField(max_length=100, unique=True)
    freshness = models.FloatField(default=0.15, validators=SHARE)
    completion = models.FloatField(default=0.40, validators=SHARE)
    engagement = models.FloatField(default=0.25, validators=SHARE)
    affinity = models.FloatField(default=0.15, validators=SHARE)
    deep = models.FloatField("deep model", default=0.05, validators=SHARE)
    freshness_curve = models.CharField(max_length=10, choices=Curve, default=Curve.GENTLE)
    prior_views = models.FloatField(
        default=50.0,
        validators=[MinValueValidator(0.0)],
        help_text="Completion and engagement of a video count as if it had this many average views more. 0: the "
        "plain rates.",
    )
    diversity = models.BooleanField(
        default=True,
        help_text="Spread creators: where there is a choice no more than two videos in a row from one, and the decay "
        "below.",
    )
    creator_decay = models.FloatField(
        default=0.85,
        validators=[MinValueValidator(0.01), MaxValueValidator(1.0)],
        help_text="A creator's second video is placed as if its score were multiplied by this, the third twice, and so "
        "on. 1: no decay.",
    )
    exploration_share = models.FloatField(
        default=0.05, validators=SHARE, help_text="Share of slots for videos too new to have signals."
    )
    is_active = models.BooleanField(default=False, help_text="Feeds are ranked with the active set.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], name="one_active_weight_set", condition=models.Q(is_active=True)
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            self.weights()
        except WeightsError as error:
            raise ValidationError(str(error)) from error

    def weights(self) -> Weights:
        """Raises WeightsError when the five do not sum to 1."""
        return Weights(self.freshness, self.completion, self.engagement, self.affinity, self.deep)


class FeatureFlag(models.Model):
    """A feature that is on for a share of people: always the same people, and more of them as the share grows."""

    BUCKETS = 10_000

    name = models.SlugField(max_length=100, unique=True)
    percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=0, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.percent} %)"

    def is_on_for(self, user_id: str) -> bool:
        return self.percent >= 100 or self.bucket(self.name, user_id) < self.percent * self.BUCKETS / 100

    @classmethod
    def bucket(cls, name: str, user_id: str) -> int:
        """0 to 9,999, independent between flags."""
        digest = hashlib.sha256(f"{name}:{user_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % cls.BUCKETS


class DeepRecallModel(models.Model):
    """A version of the model behind the deep signal."""

    model_version = models.CharField(max_length=100, unique=True)
    deployed_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=False)
    performance_metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "deep_recall_models"
        indexes = [models.Index(fields=["model_version", "is_active"], name="deep_model_active")]

    def __str__(self) -> str:
        return self.model_version


class SearchDocument(models.Model):
    """What of a published video a search is scored by: its tokens and their fields, packed (`search.engine.documents`).

    The words themselves are in ClickHouse's text index; some hundred scattered rows are had from here in a tenth of the
    time.
    """

    video_id = models.UUIDField(primary_key=True)
    version = models.BigIntegerField()
    created_at = models.FloatField(help_text="Seconds since 1970.")
    popularity = models.PositiveSmallIntegerField(help_text="4 × log2(1 + views) when it was indexed.")
    packed = models.BinaryField()

    def __str__(self) -> str:
        return f"search document of {self.video_id}"
