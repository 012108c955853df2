"""Videos, and who and what they are made of."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Creator(models.Model):
    """Somebody who publishes. The id is a user id, as in a token's `sub`."""

    id = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name or self.id


class Sound(models.Model):
    """The audio track that videos share."""

    id = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name or self.id


class Video(models.Model):
    """One short video. `external_id` is the id it was imported with, where that was no UUID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    external_id = models.CharField(max_length=200, null=True, blank=True, unique=True)
    creator = models.ForeignKey(Creator, models.PROTECT, related_name="videos")
    title = models.CharField(max_length=500)
    description = models.TextField(blank=True)
    hashtags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    category = models.CharField(max_length=64, blank=True)
    sound = models.ForeignKey(Sound, models.PROTECT, null=True, blank=True, related_name="videos")
    duration_seconds = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField()
    is_published = models.BooleanField(default=True)

    class Meta:
        indexes = [
            # The newest published videos: the fresh candidates, and the feed of people outside the flag.
            models.Index(fields=["created_at", "id"], name="video_fresh", condition=models.Q(is_published=True)),
            models.Index(fields=["creator", "created_at"], name="video_creator"),
        ]

    def __str__(self) -> str:
        return self.title
