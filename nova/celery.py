"""The Celery application: `celery -A nova worker`, `celery -A nova beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from nova import environment

environment.load_development()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", environment.settings_module())

app = Celery("nova")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_django_logging(**kwargs: Any) -> None:
    """Workers log as the web does."""
    import logging.config

    logging.config.dictConfig(settings.LOGGING)
