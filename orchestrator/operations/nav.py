"""The side list: operations first, then the tables of Django's admin which this person may open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from orchestrator.operations.access import visible
from orchestrator.runtime.queries_instances import open_incidents

ICONS = {
    "Machine": "workflow",
    "Version": "git-branch",
    "User": "user",
    "Group": "users",
    "ApiToken": "key-round",
    "Secret": "key-round",
    "Alert": "bell",
}
SECTIONS = {
    "definitions": "Definitions",
    "choreography": "Choreography",
    "auth": "Access",
    "api": "Access",
    "runtime": "Access",
}


@dataclass(frozen=True, slots=True)
class NavItem:
    key: str
    title: str
    url: str
    icon: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class NavSection:
    title: str
    items: list[NavItem]


def navigation(request: HttpRequest, apps: Sequence[dict[str, Any]]) -> list[NavSection]:
    """`apps` is Django's list of the tables which this person may see."""
    tables = list(_tables(apps))
    first = [
        NavItem("dashboard", "Dashboard", reverse("admin:index"), "activity"),
        NavItem("instances", "Instances", reverse("admin:operations_all_instances"), "list"),
        NavItem(
            "incidents",
            "Incidents",
            reverse("admin:operations_incidents"),
            "circle-alert",
            open_incidents(list(visible(request))),
        ),
        NavItem("schedules", "Schedules", reverse("admin:operations_schedules"), "calendar-clock"),
        *(item for app, item in tables if app == "alerts"),
    ]
    if request.user.has_perm("definitions.view_machine"):
        first.append(NavItem("mail", "Mail", reverse("admin:operations_mail"), "mail"))
    sections = [NavSection("Operations", first)]
    for title in dict.fromkeys(SECTIONS.values()):
        items = [item for app, item in tables if SECTIONS.get(app) == title]
        if items:
            sections.append(NavSection(title, items))
    return sections


def _tables(apps: Sequence[dict[str, Any]]) -> Iterator[tuple[str, NavItem]]:
    for app in apps:
        for model in app["models"]:
            if model.get("admin_url"):
                name = model["object_name"]
                key = f"{app['app_label']}.{name}".lower()
                yield (
                    app["app_label"],
                    NavItem(key, str(model["name"]), model["admin_url"], ICONS.get(name, "database")),
                )
