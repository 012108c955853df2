"""Development, with `tests.benchmarks.beside`."""

from nova.settings.dev import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.beside"
