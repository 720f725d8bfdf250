"""Secrets in the administration: who may use which. A value goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from orchestrator.operations.access import actor
from orchestrator.runtime import vault
from orchestrator.runtime.models import Secret


class SecretForm(forms.ModelForm):  # type: ignore[type-arg]
    """The value is typed anew or stays as it is; what is stored is no initial value of this form."""

    new_value = forms.CharField(
        required=False,
        max_length=vault.LONGEST,
        strip=False,
        label="Value",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="Never shown again. Empty leaves the value as it is.",
    )

    class Meta:
        model = Secret
        fields = ["name", "machines"]

    def clean_name(self) -> str:
        try:
            return vault.checked_name(str(self.cleaned_data["name"]))
        except vault.VaultError as error:
            raise forms.ValidationError(f"{str(error)[0].upper()}{str(error)[1:]}.") from error

    def clean_new_value(self) -> str:
        value = str(self.cleaned_data["new_value"])
        if not value and self.instance.pk is None:
            raise forms.ValidationError("Type the value.")
        try:
            if value:
                vault.seal("check", value)
        except vault.VaultError as error:
            raise forms.ValidationError(f"{str(error)[0].upper()}{str(error)[1:]}.") from error
        return value


class SecretAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A secret keeps its name, under which it is encrypted."""

    form = SecretForm
    list_display = ["name", "used_by", "updated_at", "updated_by"]
    search_fields = ["name"]
    filter_horizontal = ["machines"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("value").prefetch_related("machines")

    def get_readonly_fields(self, request: HttpRequest, obj: Secret | None = None) -> list[str]:
        return ["name", "updated_at", "updated_by"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Secret | None = None) -> list[Any]:
        return ["name", "new_value", "machines", *(["updated_at", "updated_by"] if obj else [])]

    @admin.display(description="Used by")
    def used_by(self, secret: Secret) -> str:
        return ", ".join(machine.slug for machine in secret.machines.all()) or "no machine"

    def save_model(self, request: HttpRequest, obj: Secret, form: Any, change: bool) -> None:
        value = form.cleaned_data["new_value"]
        if value:
            vault.keep(obj, value, actor(request))

    @method_decorator(sensitive_post_parameters("new_value"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(*args, **kwargs)
