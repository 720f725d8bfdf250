"""Topics, subscriptions, webhooks, bridges and deliveries in the administration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from orchestrator.choreography.commands import deliver_again, try_now
from orchestrator.choreography.models import Delivery, Refused, Webhook
from orchestrator.choreography.signing import SigningError, keys_of
from orchestrator.runtime import vault
from orchestrator.runtime.models import Secret


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


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_secret(self) -> Secret:
        secret: Secret = self.cleaned_data["secret"]
        try:
            keys_of(vault.opened_by_hand(secret.pk))
        except (vault.VaultError, SigningError) as error:
            raise forms.ValidationError(f"{str(error)[0].upper()}{str(error)[1:]}.") from error
        return secret


class WebhookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Signed HTTP out of a topic and into it; what is outgoing stays so, because deliveries wait for it."""

    form = WebhookForm
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ["name", "topic", "direction", "address", "active", "last_error"]
    list_filter = ["active", "direction", "topic"]
    list_select_related = ["topic"]
    search_fields = ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: object | None = None) -> list[str]:
        return ["direction", "address"] if obj else []

    @admin.display(description="Address")
    def address(self, webhook: Webhook) -> str:
        """Where events go, or where others send theirs."""
        incoming = webhook.direction == "in"
        return f"{settings.BASE_URL}{reverse('hook', args=[webhook.name])}" if incoming else webhook.url


class BridgeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Queues and exchanges of message brokers; a bridge keeps its direction, because deliveries wait for it."""

    list_display = ["name", "topic", "direction", "queue", "exchange", "active", "paused_until", "last_error"]
    list_filter = ["active", "direction", "topic"]
    list_select_related = ["topic"]
    search_fields = ["name"]
    actions = ["try_now"]

    def get_readonly_fields(self, request: HttpRequest, obj: object | None = None) -> list[str]:
        return ["direction"] if obj else []

    @admin.action(description="Try now", permissions=["change"])
    def try_now(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        messages.success(request, f"{try_now(chosen)} of {len(chosen)} were paused and are tried at once.")


class RefusedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Messages which a bridge could not take, to look at and to delete."""

    list_display = ["received_at", "endpoint", "reason"]
    list_filter = ["endpoint"]
    list_select_related = ["endpoint"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: object | None = None) -> list[str]:
        return [field.name for field in Refused._meta.fields]


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
