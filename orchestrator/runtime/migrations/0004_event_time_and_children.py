import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('definitions', '0002_version_immutable'),
        ('runtime', '0003_hints_and_key_scope'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='timer',
            name='timer_due',
        ),
        migrations.RemoveIndex(
            model_name='timer',
            name='timer_shard_due',
        ),
        migrations.AddField(
            model_name='activityrun',
            name='asked_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='activityrun',
            name='created_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='inboxevent',
            name='hops',
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='instance',
            name='depth',
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='instance',
            name='invocation',
            field=models.CharField(blank=True, db_default='', max_length=250),
        ),
        migrations.AddField(
            model_name='instance',
            name='next_due',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='instance',
            name='parent',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='offspring', to='runtime.instance'),
        ),
        migrations.AddField(
            model_name='instance',
            name='activity',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
        migrations.AddField(
            model_name='instance',
            name='part',
            field=models.CharField(blank=True, db_default='', max_length=250),
        ),
        migrations.AddField(
            model_name='timer',
            name='hops',
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='timer',
            name='target',
            field=models.CharField(blank=True, db_default='', max_length=500),
        ),
        migrations.AddField(
            model_name='timer',
            name='wake',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.RunSQL(
            """
            UPDATE runtime_timer SET wake = due, since = coalesce(since, least(due, now()));
            UPDATE runtime_instance i SET next_due = t.due FROM (
                SELECT instance_id, min(due) AS due FROM runtime_timer WHERE kind = 'event' GROUP BY instance_id) t
            WHERE t.instance_id = i.id;
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name='inboxevent',
            index=models.Index(condition=models.Q(('shard', -1)), fields=['instance'], name='inbox_parked'),
        ),
        migrations.AddIndex(
            model_name='timer',
            index=models.Index(fields=['shard', 'wake'], name='timer_shard_wake'),
        ),
        migrations.AddConstraint(
            model_name='instance',
            constraint=models.UniqueConstraint(condition=models.Q(('parent__isnull', False)), fields=('parent', 'invocation'), name='instance_child_unique'),
        ),
    ]
