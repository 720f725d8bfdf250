"""Weights of versions for new starts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("definitions", "0003_key_policy")]
    operations = [
        migrations.AddField(
            model_name="machine", name="rollout", field=models.JSONField(blank=True, default=list, editable=False)
        )
    ]
