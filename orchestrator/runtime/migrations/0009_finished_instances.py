from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built beside running workers: a table of millions of instances is not locked meanwhile."""

    atomic = False

    dependencies = [
        ('runtime', '0008_retention'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='instance',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['id'], name='instance_finished'),
        ),
    ]
