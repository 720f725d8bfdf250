from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "orchestrator.schedules"
    label = "schedules"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Schedules"
