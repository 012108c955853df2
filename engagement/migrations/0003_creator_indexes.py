from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Without locking writers out of big tables while the indexes are built."""

    atomic = False

    dependencies = [
        ('engagement', '0002_delivery'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='follow',
            index=models.Index(fields=['creator_id'], name='follow_by_creator'),
        ),
        RemoveIndexConcurrently(model_name='follow', name='follow_of_creator'),
        AddIndexConcurrently(
            model_name='block',
            index=models.Index(fields=['creator_id'], name='block_by_creator'),
        ),
    ]
