"""Topics, subscriptions and deliveries in the administration."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from orchestrator.choreography.commands import deliver_again
from orchestrator.choreography.models import Delivery


class TopicAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A topic keeps its name: events carry it."""

    list_display = ["name", "strict", "description"]
    search_fields = ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: object | None = None) -> list[str]:
        return ["name"] if obj else []


class SubscriptionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "topic", "pattern", "machine", "action", "active", "last_error"]
    list_filter = ["active", "topic"]
    list_select_related = ["topic", "machine"]
    search_fields = ["name"]
    exclude = ["direction"]


class DeliveryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Deliveries to look at; who may change them may have them tried again."""

    list_display = ["event", "endpoint", "key", "status", "attempts", "due", "error"]
    list_filter = ["status", "endpoint"]
    list_select_related = ["event", "endpoint"]
    show_full_result_count = False
    actions = ["deliver_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: object | None = None) -> list[str]:
        return [field.name for field in Delivery._meta.fields]

    @admin.action(description="Deliver again", permissions=["change"])
    def deliver_again(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        messages.success(request, f"{deliver_again(chosen)} of {len(chosen)} begin anew; the others need nothing.")
