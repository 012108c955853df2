"""Videos, and who and what they are made of."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


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


class VideoChange(models.Model):
    """That a video was made, changed or deleted, and the search index has not heard of it. See `reels.index_queue`."""

    id = models.BigAutoField(primary_key=True)
    video_id = models.UUIDField()

    def __str__(self) -> str:
        return f"change of {self.video_id}"


class Erasure(models.Model):
    """That a person asked to be erased: it keeps late and replayed events of theirs out until they come back."""

    person = models.CharField(max_length=64, primary_key=True, help_text="A keyed hash of the user id.")
    user_id = models.CharField(max_length=64, blank=True, help_text="Until nothing of the person is left anywhere.")
    requested_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["requested_at"], name="erasure_unfinished", condition=models.Q(finished_at=None))
        ]

    def __str__(self) -> str:
        return self.person[:12]
