#!/usr/bin/env python
"""Nova's command line. `manage.py help` lists the commands; README.md shows the common ones."""

import os
import sys

from nova import environment


def main() -> None:
    environment.load_development(sys.argv[1] if len(sys.argv) > 1 else "")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", environment.settings_module())
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit("Django is not installed here: run `make .venv`, then .venv/bin/python manage.py …") from error
    from django.db import OperationalError, ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "timeout" in str(error) or "canceling statement" in str(error):
            raise SystemExit(f"PostgreSQL was too busy: {error}\nRun the same command again.") from error
        raise SystemExit(
            f"PostgreSQL does not answer: {error}\nCheck DATABASE_URL, or start it with `make run`."
        ) from error
    except ProgrammingError as error:
        if "does not exist" not in str(error):
            raise
        raise SystemExit(f"The schema is not there yet: {error}\nRun `manage.py migrate`.") from error


if __name__ == "__main__":
    main()
