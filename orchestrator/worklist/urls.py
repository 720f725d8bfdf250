"""The addresses of the worklist."""

from django.urls import path

from orchestrator.worklist import actions, views

app_name = "worklist"
urlpatterns = [
    path("", views.task_list, name="tasks"),
    path("<int:pk>", views.task_page, name="task"),
    path("<int:pk>/claim", actions.claim, name="claim"),
    path("<int:pk>/release", actions.release, name="release"),
    path("<int:pk>/reassign", actions.reassign, name="reassign"),
    path("<int:pk>/answer", actions.answer, name="answer"),
    path("<int:pk>/reject", actions.reject, name="reject"),
]
