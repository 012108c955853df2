from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ranking import services
from ranking.models import FeatureFlag


class Command(BaseCommand):
    help = "Turn a flag on for a share of people: always the same ones, more of them as the share grows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--percent", required=True, help="0 to 100, two decimals at most")

    def handle(self, *args: Any, **options: Any) -> None:
        existed = FeatureFlag.objects.filter(name=options["name"]).exists()
        try:
            flag = services.set_flag(name=options["name"], percent=Decimal(options["percent"]))
        except (InvalidOperation, ValidationError) as error:
            if "name" in getattr(error, "error_dict", ()):
                raise CommandError(f"{options['name']!r} is no name for a flag: {error}") from error
            raise CommandError(f"{options['percent']!r} is not a percentage from 0 to 100: {error}") from error
        new = "" if existed else "This is a new flag: "
        self.stdout.write(f"{new}{flag.name} is on for {flag.percent} % of people. Running workers follow within 30 s.")
