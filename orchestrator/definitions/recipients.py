"""The form field for those who get a machine's alert emails, wherever they are typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import validate_email

MOST_RECIPIENTS = 20


class RecipientsField(forms.CharField):
    """Email addresses divided by commas or lines; cleaned to a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != (initial or []))
        except forms.ValidationError:
            return True

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        addresses = list(dict.fromkeys(part.strip() for part in text.replace("\n", ",").split(",") if part.strip()))
        if len(addresses) > MOST_RECIPIENTS:
            raise forms.ValidationError(f"At most {MOST_RECIPIENTS} addresses; use a mailing list for more.")
        for address in addresses:
            try:
                validate_email(address)
            except forms.ValidationError as error:
                raise forms.ValidationError(f"“{address}” is no email address.") from error
        return addresses
