"""A column for chart documents."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Json


class DocumentField(models.JSONField):
    """JSON which keeps the order of its keys: `jsonb` loses it, and the order of states has a meaning (SCXML)."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return value if hasattr(value, "as_sql") else Json(value)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The driver has already read a `json` column; text arrives where the expression was cast."""
        return json.loads(value) if isinstance(value, str) else value
