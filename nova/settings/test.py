"""Tests: development, with the engines that `tests/engines.py` started for this run."""

from nova.settings.dev import *  # noqa: F403
from nova.settings.base import DATABASES, LOGGING

APP_ENV = "test"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
RATE_LIMIT_PER_MINUTE = 0
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Each xdist worker drops its own database, which a pool's idle connections would hold open.
DATABASES["default"]["OPTIONS"].pop("pool")
LOGGING["root"]["level"] = "WARNING"
