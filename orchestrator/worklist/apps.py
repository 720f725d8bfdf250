from django.apps import AppConfig


class WorklistConfig(AppConfig):
    name = "orchestrator.worklist"
    label = "worklist"
    verbose_name = "Worklist"
