"""Tests: development, with the engines that `tests/engines.py` started for this run."""

from nova.settings.base import DATABASES, LOGGING
from nova.settings.dev import *  # noqa: F403

APP_ENV = "test"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
RATE_LIMIT_PER_MINUTE = 0
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Each xdist worker drops its own database, which a pool's idle connections would hold open.
del DATABASES["default"]["OPTIONS"]["pool"]
LOGGING |= {"root": {"handlers": ["console"], "level": "WARNING"}}
