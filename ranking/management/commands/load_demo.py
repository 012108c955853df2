import datetime as dt
from collections.abc import Iterator
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from engagement.importing import import_engagement
from engagement.models import VideoCounter
from nova.clients.clickhouse import ClickHouseError
from ranking.demo import generator
from ranking.demo.generator import Record
from ranking.demo.size import Size, SizeError
from reels.catalogue import import_catalogue
from reels.ids import video_id
from reels.models import Video

ADMIN = "admin"  # name and password, of development alone


class Command(BaseCommand):
    help = (
        "Load a generated catalogue with viewers and their history, and make the development login admin / admin. "
        "The same command again changes nothing; another seed or size adds its history to what is there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        default = Size()
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--videos", type=int, default=default.videos)
        parser.add_argument("--viewers", type=int, default=default.viewers)
        parser.add_argument("--events", type=int, default=default.events)
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there are videos already")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_in_production()
        seed, size = options["seed"], size_of(options)
        if ensure_admin():
            self.stdout.write(f"Made the admin login {ADMIN} / {ADMIN}.")
        if options["if_empty"] and Video.objects.exists() and not is_unfinished():
            self.stdout.write("There are videos already: no demo data was loaded.")
            return
        now = first_run() or timezone.now().replace(microsecond=0)
        quiet = not options["verbosity"]
        videos = Generated("videos", generator.videos(size, seed, now), size.videos, quiet=quiet)
        events = Generated("events", generator.events(size, seed, now), size.events, quiet=quiet)
        try:
            loaded = import_catalogue(videos), import_engagement(events)
        except ClickHouseError as error:
            raise CommandError(f"ClickHouse failed: {error}. Run the same command again when it is back.") from error
        self.stdout.write(f"Loaded {loaded[0]:,} demo videos and {loaded[1]:,} events of {size.viewers:,} viewers.")


class Generated:
    """Records on their way into an import, with progress."""

    def __init__(self, what: str, records: Iterator[Record], about: int, *, quiet: bool) -> None:
        self.what = what
        self._records = tqdm(records, desc=f"demo {what}", total=about, disable=quiet or None)

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        return enumerate(self._records, start=1)

    def reject(self, number: int, reason: str, line: object) -> NoReturn:
        """Nobody can mend a generated record but us."""
        raise RuntimeError(f"the demo's {self.what} hold a bad record, number {number}: {reason}: {line}")


def refuse_in_production() -> None:
    if settings.APP_ENV == "production":
        raise CommandError(
            "Demo data and its admin login are for development. In production load your own with `manage.py "
            "import_catalogue FILE` and `manage.py import_engagement FILE`, and make a login with `manage.py "
            "createsuperuser`."
        )


def size_of(options: dict[str, Any]) -> Size:
    if options["seed"] < 0:
        raise CommandError("--seed must be 0 or more.")
    try:
        return Size(options["videos"], options["viewers"], options["events"])
    except SizeError as error:
        raise CommandError(f"{error}.") from error


def ensure_admin() -> bool:
    """Make the development login where nobody can log in as one; True when it was made."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists() or users.filter(username=ADMIN).exists():
        return False
    users.create_superuser(ADMIN, password=ADMIN)
    return True


def first_run() -> dt.datetime | None:
    """The `now` of the first run, so that a later one makes the same records: ids of events hold their times.

    Taken from the age of the first video and not from the clock cut to days: a run on either side of midnight
    would load everything twice, and a demo that ends at the last midnight has nothing trending in the evening.
    """
    first = Video.objects.filter(id=video_id(generator.FIRST_VIDEO)).first()
    return first.created_at + generator.AGE_OF_FIRST_VIDEO if first else None


def is_unfinished() -> bool:
    """Whether a first run was interrupted: totals come last, so its videos are there and none has any."""
    return first_run() is not None and not VideoCounter.objects.exists()
