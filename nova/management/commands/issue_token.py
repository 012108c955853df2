from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from nova.api import jwt


class Command(BaseCommand):
    help = "Print signed development tokens, one a line and nothing else."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("users", nargs="+", metavar="USER")
        parser.add_argument("--admin", action="store_true", help="with role: admin")
        parser.add_argument("--ttl", type=int, default=3600, help="seconds (default 3600)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.APP_ENV == "production":
            raise CommandError(
                "This is no development environment: production tokens come from your identity service. "
                "For development run `make run` first."
            )
        if not settings.JWT_PRIVATE_KEY_FILE:
            raise CommandError("There is no signing key yet: run `make run` or `manage.py engines start` once.")
        if options["ttl"] < 1:
            raise CommandError("--ttl is a number of seconds from 1.")
        for user in options["users"]:
            if not jwt.is_user_id(user):
                raise CommandError(f"A user id has 1 to {jwt.LONGEST_USER_ID} characters of valid UTF-8.")
            self.stdout.write(jwt.sign(user, lifetime=options["ttl"], is_admin=options["admin"]))
