from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "orchestrator.runtime"
    label = "runtime"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Runtime"
