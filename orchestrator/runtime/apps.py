from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class RuntimeConfig(AppConfig):
    name = "orchestrator.runtime"
    label = "runtime"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Runtime"

    def ready(self) -> None:
        import_module("orchestrator.runtime.signals")
        for module in settings.ACTIVITY_MODULES:
            try:
                import_module(module)
            except ImportError as error:
                raise ImproperlyConfigured(f"ACTIVITY_MODULES: {module} cannot be imported: {error}.") from error
