from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Without locking writers out of a big table while the index is built."""

    atomic = False

    dependencies = [
        ('engagement', '0003_creator_indexes'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='follow',
            index=models.Index(fields=['changed_at'], name='follow_by_time'),
        ),
    ]
