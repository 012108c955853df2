"""What people did, as PostgreSQL keeps it: the state of likes, follows and blocks, and the outbox of events."""

from django.db import models
from django.utils import timezone

from reels.models import Video


class Relation(models.Model):
    """Something a person holds or not: the last change wins, whatever order changes arrive in.

    A row that was taken back stays with `is_active = False`, so that an older event, replayed or imported late,
    cannot bring it back.
    """

    id: int
    user_id = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} of {self.user_id}"


class VideoRelation(Relation):
    """A relation of a person to a video."""

    video = models.ForeignKey(Video, models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class CreatorRelation(Relation):
    """A relation of a person to a creator, who need not have published here yet."""

    creator_id = models.CharField(max_length=64)

    class Meta:
        abstract = True


class Like(VideoRelation):
    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "video"], name="like_once")]
        indexes = [models.Index(fields=["video"], name="like_of_video", condition=models.Q(is_active=True))]


class NotInterested(VideoRelation):
    class Meta:
        verbose_name_plural = "not interested"
        constraints = [models.UniqueConstraint(fields=["user_id", "video"], name="not_interested_once")]


class Follow(CreatorRelation):
    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "creator_id"], name="follow_once")]
        indexes = [
            models.Index(fields=["creator_id"], name="follow_by_creator"),
            models.Index(fields=["changed_at"], name="follow_by_time"),  # who grew in the last 24 hours
        ]


class Block(CreatorRelation):
    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "creator_id"], name="block_once")]
        indexes = [models.Index(fields=["creator_id"], name="block_by_creator")]


class OutboxEvent(models.Model):
    """An acknowledged event on its way to ClickHouse. Its row is deleted when it has arrived."""

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField()
    user_id = models.CharField(max_length=64)
    video_id = models.UUIDField(null=True, db_index=True)
    kind = models.CharField(max_length=20)
    payload = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    parked_because = models.CharField(
        max_length=500,
        blank=True,
        db_default="",
        help_text="Why it cannot be delivered. The relay passes it over until this is empty.",
    )

    class Meta:
        verbose_name = "outbox event"
        constraints = [models.UniqueConstraint(fields=["user_id", "event_id"], name="outbox_event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class EventReceipt(models.Model):
    """That an event with an id of the client's own was accepted: a retry of it is not another event."""

    user_id = models.CharField(max_length=64)
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "event_id"], name="receipt_once")]

    def __str__(self) -> str:
        return str(self.event_id)


class Comment(models.Model):
    """That somebody commented on a video, elsewhere. What they wrote is not kept here."""

    id = models.UUIDField(primary_key=True)  # of the event, too
    user_id = models.CharField(max_length=64, db_index=True)
    video = models.ForeignKey(Video, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class Preferences(models.Model):
    """What a person decided about their feed. Without a row the defaults hold."""

    user_id = models.CharField(max_length=64, primary_key=True)
    personalized = models.BooleanField(default=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class RedisRepair(models.Model):
    """What Redis may have missed, or may hold an old copy of. Made true and deleted by the relay."""

    video_id = models.UUIDField(null=True, help_text="Its counters are to be set.")
    user_id = models.CharField(max_length=64, blank=True, help_text="Their feed is to be built anew.")
    recent = models.JSONField(default=list, help_text="Names of the notes of what the person just did.")

    def __str__(self) -> str:
        return f"repair of {self.video_id or self.user_id}"


class VideoCounter(models.Model):
    """Totals over a video's life, without what is still in the outbox. The sum of both is what people see."""

    video = models.OneToOneField(Video, models.CASCADE, primary_key=True, related_name="counter")
    view_count = models.BigIntegerField(default=0)
    like_count = models.BigIntegerField(default=0)
    share_count = models.BigIntegerField(default=0)
    comment_count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"counters of {self.video_id}"
