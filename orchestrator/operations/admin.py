"""Django's own tables on the same site: accounts, machines, versions, alerts."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestrator.alerts.models import Alert
from orchestrator.choreography.models import Bridge, Delivery, Refused, Subscription, Topic, Webhook
from orchestrator.definitions.models import Machine, Version
from orchestrator.definitions.permissions import can_edit
from orchestrator.definitions.recipients import RecipientsField
from orchestrator.operations.choreography import (
    BridgeAdmin,
    DeliveryAdmin,
    RefusedAdmin,
    SubscriptionAdmin,
    TopicAdmin,
    WebhookAdmin,
)
from orchestrator.operations.secrets import SecretAdmin
from orchestrator.operations.site import admin_site
from orchestrator.runtime.models import Secret
from orchestrator.runtime.models_archive import RetentionPolicy


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table to look at: its rows are made and changed by the engine or the designer only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


class MachineForm(forms.ModelForm):  # type: ignore[type-arg]
    alert_recipients = RecipientsField(
        max_length=5_000,
        required=False,
        help_text="Who hears when an instance is stuck. Divide addresses by commas.",
        widget=forms.Textarea({"rows": "2"}),
    )


class RetentionInline(admin.StackedInline):  # type: ignore[type-arg]
    """How long the machine's data are kept, as far as that differs from the settings."""

    model = RetentionPolicy
    can_delete = False


@admin.register(Machine, site=admin_site)
class MachineAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Owner, recipients, key policy; the chart and its words are changed in the designer, where they are validated."""

    form = MachineForm
    inlines = [RetentionInline]

    list_display = ["title", "slug", "owner", "current", "updated_at"]
    search_fields = ["title", "slug"]
    list_select_related = ["owner", "current__machine"]
    readonly_fields = ["title", "slug", "description", "current", "created_at", "updated_at"]
    fields = [*readonly_fields[:3], "owner", "alert_recipients", "key_policy", *readonly_fields[3:]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Machine, form: Any, change: bool) -> None:
        """Write what was changed here alone: somebody may be editing the draft at the same time."""
        obj.save(update_fields=[*form.changed_data, "updated_at"])


@admin.register(Version, site=admin_site)
class VersionAdmin(ReadOnlyAdmin):
    list_display = ["machine", "number", "published_by", "published_at", "notes"]
    list_display_links = ["machine", "number"]
    list_filter = ["machine"]
    list_select_related = ["machine", "published_by"]
    fields = ["machine", "number", "content_hash", "notes", "published_by", "published_at", "chart"]

    @admin.display(description="Document")
    def chart(self, version: Version) -> SafeString:
        return format_html('<code class="code">{}</code>', json.dumps(version.document, indent=2, ensure_ascii=False))


@admin.register(Alert, site=admin_site)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["subject", "machine", "state", "phase", "status", "attempts", "sent_at"]
    list_filter = ["status", "phase", "machine"]
    list_select_related = ["machine"]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Alert | None = None,
    ) -> HttpResponse:
        """A failed alert gets a button for those who may act on its machine."""
        if obj and obj.status == "failed" and can_edit(request.user, obj.machine):
            context["again"] = reverse("admin:operations_send_again", args=[obj.pk])
        return super().render_change_form(request, context, add, change, form_url, obj)


class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # cannot be subscripted at run time
    """Accounts; when someone came last is a fact, not a field."""

    readonly_fields = ["last_login", "date_joined"]


admin_site.register(User, AccountAdmin)
admin_site.register(Group, GroupAdmin)
admin_site.register(Secret, SecretAdmin)
admin_site.register(Topic, TopicAdmin)
admin_site.register(Subscription, SubscriptionAdmin)
admin_site.register(Webhook, WebhookAdmin)
admin_site.register(Bridge, BridgeAdmin)
admin_site.register(Refused, RefusedAdmin)
admin_site.register(Delivery, DeliveryAdmin)
