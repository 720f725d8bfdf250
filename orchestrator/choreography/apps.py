from django.apps import AppConfig


class ChoreographyConfig(AppConfig):
    name = "orchestrator.choreography"
    label = "choreography"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Choreography"
