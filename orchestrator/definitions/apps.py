from django.apps import AppConfig


class DefinitionsConfig(AppConfig):
    name = "orchestrator.definitions"
    label = "definitions"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Definitions"
