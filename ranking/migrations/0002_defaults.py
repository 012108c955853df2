"""The weight set a new installation ranks with, and the flag of the feed: on in development, off in production."""

from django.conf import settings
from django.db import migrations


def create(apps, schema_editor):
    apps.get_model("ranking", "WeightSet").objects.create(name="default", is_active=True)
    percent = 0 if settings.APP_ENV == "production" else 100
    apps.get_model("ranking", "FeatureFlag").objects.create(name="use_new_feed_ranking", percent=percent)


class Migration(migrations.Migration):
    dependencies = [("ranking", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
