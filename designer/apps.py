from django.apps import AppConfig


class DesignerConfig(AppConfig):
    name = "designer"
    label = "designer"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Designer"
