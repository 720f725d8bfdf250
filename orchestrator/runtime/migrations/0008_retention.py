import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('definitions', '0001_initial'),
        ('runtime', '0007_human_tasks_and_secrets'),
    ]

    operations = [
        migrations.CreateModel(
            name='RetentionPolicy',
            fields=[
                ('machine', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='retention', serialize=False, to='definitions.machine')),
                ('keep_instances', models.PositiveIntegerField(blank=True, help_text='Days; 0 keeps them for ever, empty means as in the settings.', null=True, verbose_name='finished instances')),
                ('keep_keys', models.PositiveIntegerField(blank=True, help_text='Days; 0 keeps them for ever, empty means as in the settings.', null=True, verbose_name='idempotency keys')),
                ('keep_incidents', models.PositiveIntegerField(blank=True, help_text='Days; 0 keeps them for ever, empty means as in the settings.', null=True, verbose_name='resolved incidents')),
            ],
            options={'verbose_name_plural': 'retention policies'},
        ),
        migrations.CreateModel(
            name='Walk',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='ArchivedInstance',
            fields=[
                ('instance', models.BigIntegerField(primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=200)),
                ('status', models.CharField(max_length=12)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('file', models.CharField(max_length=200)),
                ('machine', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='definitions.machine')),
            ],
            options={'indexes': [models.Index(fields=['machine', 'key'], name='archived_key')]},
        ),
        migrations.AlterField(
            model_name='eventkey',
            name='instance',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='runtime.instance'),
        ),
    ]
