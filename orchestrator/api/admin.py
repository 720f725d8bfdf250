"""Tokens in the administration: who has one and when it was last used. The secret was shown once and is not stored."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from orchestrator.api.models import ApiToken
from orchestrator.operations.site import admin_site


@admin.register(ApiToken, site=admin_site)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at and to delete, which revokes at once; tokens are made with `manage.py token`."""

    list_display = ["name", "user", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "prefix"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False
