"""The addresses of the designer."""

from django.urls import path

from designer.views import activities, design, machines, publish, states, transitions

app_name = "designer"
urlpatterns = [
    path("", machines.machines, name="machines"),
    path("machines/new", machines.new, name="new"),
    path("machines/import", machines.import_file, name="import"),
    path("machines/<slug:slug>/design", design.design, name="design"),
    path("machines/<slug:slug>/inspector", design.inspector, name="inspector"),
    path("machines/<slug:slug>/chart/save", design.save_chart, name="save-chart"),
    path("machines/<slug:slug>/undo", design.undo, name="undo"),
    path("machines/<slug:slug>/redo", design.redo, name="redo"),
    path("machines/<slug:slug>/check", design.check_expression, name="check"),
    path("machines/<slug:slug>/action-row", design.action_row, name="action-row"),
    path("machines/<slug:slug>/export", design.export, name="export"),
    path("machines/<slug:slug>/states/add", states.add, name="add-state"),
    path("machines/<slug:slug>/states/save", states.save, name="save-state"),
    path("machines/<slug:slug>/states/delete", states.delete, name="delete-state"),
    path("machines/<slug:slug>/transitions/add", transitions.add, name="add-transition"),
    path("machines/<slug:slug>/transitions/save", transitions.save, name="save-transition"),
    path("machines/<slug:slug>/transitions/delete", transitions.delete, name="delete-transition"),
    path("machines/<slug:slug>/activities/add", activities.add, name="add-activity"),
    path("machines/<slug:slug>/activities/save", activities.save, name="save-activity"),
    path("machines/<slug:slug>/activities/delete", activities.delete, name="delete-activity"),
    path("machines/<slug:slug>/publish", publish.publish_draft, name="publish"),
    path("machines/<slug:slug>/versions", publish.versions, name="versions"),
    path("machines/<slug:slug>/start", publish.start, name="start"),
]
