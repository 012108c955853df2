"""What staff decide about trending: pins and blocks."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from reels.models import Sound

LAST_POSITION = 100


class Curation(models.Model):
    """A sound or hashtag that stands at a place of its own, or nowhere, whatever people do."""

    class Kind(models.TextChoices):
        SOUND = "sound"
        HASHTAG = "hashtag"

    class Action(models.TextChoices):
        PIN = "pin"
        BLOCK = "block"

    kind = models.CharField(max_length=10, choices=Kind)
    target = models.CharField(max_length=100, help_text="The sound's id, or the hashtag.")
    action = models.CharField(max_length=10, choices=Action)
    position = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LAST_POSITION)],
        help_text="Of a pin, in the lists of both sorts; 1 is the top.",
    )
    category = models.CharField(
        max_length=64, blank=True, help_text="In the list of this category alone. Empty: in all lists."
    )
    until = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is taken back.")
    note = models.CharField(max_length=500, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "target", "category"], name="curated_once"),
            models.CheckConstraint(
                condition=Q(action="pin", position__isnull=False) | Q(action="block", position__isnull=True),
                name="pins_have_positions",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.target}"

    def clean(self) -> None:
        if self.kind == self.Kind.HASHTAG:
            self.target = self.target.lstrip("#").lower()
        if not self.target:
            raise ValidationError({"target": "A hashtag is more than its #."})
        if self.kind == self.Kind.SOUND and not Sound.objects.filter(id=self.target).exists():
            raise ValidationError({"target": "There is no sound with this id."})
        if (self.action == self.Action.PIN) != (self.position is not None):
            raise ValidationError({"position": "A pin has a position, a block has none."})
        if self.until and self.until <= timezone.now():
            raise ValidationError({"until": "This lies in the past."})
