"""The administration: Django's admin with operations as its first pages.

Anonymous visitors go to the site's own login. Who is logged in without being staff finds nothing here: 404.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import URLPattern, URLResolver, path, reverse

from orchestrator.operations import (
    actions,
    alerts,
    bulk,
    dashboard,
    incidents,
    instances,
    interventions,
    mail,
    schedule_actions,
    schedules,
)
from orchestrator.operations.nav import navigation

View = Callable[..., HttpResponse]


class OperationsSite(AdminSite):
    """Its index is the dashboard; every operations page gets the administration's context as its second argument."""

    site_header = "Signalbox administration"
    site_title = "Signalbox"
    index_title = "Dashboard"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404("There is no such page.")
            return inner(request, *args, **kwargs)

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The site has one login page; this address only leads there."""
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), resolve_url(settings.LOGIN_URL))

    def index(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return dashboard.dashboard(request, {**self.each_context(request), **(extra_context or {})})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if context["has_permission"]:
            context["navigation"] = navigation(request, context["available_apps"])
        return context

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [*self.operations_urls(), *super().get_urls()]

    def operations_urls(self) -> list[URLPattern]:
        """The addresses which are ours; Django's own follow."""

        def at(route: str, view: View, name: str) -> URLPattern:
            return path(f"operations/{route}", self.admin_view(self._with_context(view)), name=f"operations_{name}")

        return [
            at("machines/<slug:slug>/", dashboard.machine_page, "machine"),
            at("machines/<slug:slug>/instances/", instances.instance_list, "instances"),
            at("instances/", instances.instance_list, "all_instances"),
            at("instances/<int:pk>/", instances.instance_page, "instance"),
            at("instances/<int:pk>/send/", actions.send, "send"),
            at("instances/<int:pk>/send/preview/", actions.send_preview, "send_preview"),
            at("instances/<int:pk>/retry/", actions.retry, "retry"),
            at("instances/<int:pk>/cancel/", actions.cancel, "cancel"),
            at("instances/<int:pk>/do/<slug:verb>/", interventions.intervene, "intervene"),
            at("bulk/", bulk.bulk, "bulk"),
            at("bulk/<slug:name>/", bulk.bulk_report, "bulk_report"),
            at("incidents/", incidents.incident_list, "incidents"),
            at("alerts/<int:pk>/again/", alerts.send_again, "send_again"),
            at("schedules/", schedules.schedule_list, "schedules"),
            at("schedules/new/", schedule_actions.new, "schedule_new"),
            at("schedules/preview/", schedule_actions.preview, "schedule_preview"),
            at("schedules/<int:pk>/", schedules.schedule_page, "schedule"),
            at("schedules/<int:pk>/edit/", schedule_actions.edit, "schedule_edit"),
            at("schedules/<int:pk>/pause/", schedule_actions.pause, "schedule_pause"),
            at("schedules/<int:pk>/resume/", schedule_actions.resume, "schedule_resume"),
            at("schedules/<int:pk>/backfill/", schedule_actions.backfill, "schedule_backfill"),
            at("schedules/<int:pk>/delete/", schedule_actions.delete, "schedule_delete"),
            at("mail/", mail.mail_list, "mail"),
            at("mail/<str:name>/", mail.mail_message, "message"),
            at("mail/<str:name>/html/", mail.mail_html, "message_html"),
        ]

    def _with_context(self, view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, self.each_context(request), *args, **kwargs)

        return inner


admin_site = OperationsSite(name="admin")
