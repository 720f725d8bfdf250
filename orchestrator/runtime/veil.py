"""What stands for the values of secrets in all that an activity gives back: results, errors and log lines."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from orchestrator.definitions.charts import chart_of
from orchestrator.runtime import vault
from orchestrator.runtime.activities.registry import ActivityError
from orchestrator.runtime.models import Instance
from orchestrator.runtime.store_activities import Claimed
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.secret_refs import MARK, PLACES, SecretError, used

HIDDEN = "[secret]"
DELIMITER = re.compile(r"[/:@?#&\s]")


class Veil:
    """Hides values, and the forms which they take in addresses, in JSON and in headers."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def result(self, text: str) -> str:
        """A result as JSON text."""
        return json.dumps(self._json(json.loads(text)), separators=(",", ":")) if self._forms else text

    def error(self, error: ActivityError) -> ActivityError:
        return ActivityError(self.text(error.message), self.text(error.error_class), error.permanent)

    def _json(self, value: JSON) -> JSON:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._json(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self._json(item) for key, item in value.items()}
        if isinstance(value, bool | None):
            return value
        return HIDDEN if self.text(str(value)) != str(value) else value


def _forms(value: str) -> Iterator[str]:
    """The value as it may come back; an error about an address may name a part of it only."""
    yield from (part for part in DELIMITER.split(value) if len(part) >= vault.SHORTEST)
    yield from (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (quote(value), quote(value, safe=""), quote_plus(value))
    yield base64.b64encode(value.encode()).decode()


def values_for(run: Claimed, given: dict[str, JSON]) -> dict[str, str]:
    """The secrets to put into the input of a run. Raises a permanent ActivityError, of which none is told the value.

    References count as often as the chart has them: what came in with data would be one more.
    """
    if MARK not in run.spec or run.kind not in PLACES:
        return {}
    row = Instance.objects.only("machine_id", "version_id").get(pk=run.instance)
    try:
        named = used(run.kind, given)
        drawn = _drawn(chart_of(row.version_id), run)
        values = vault.opened(named, row.machine_id)
    except (SecretError, vault.VaultError) as error:
        raise ActivityError(str(error), "InvalidInput", permanent=True) from error
    if named != drawn:
        message = "data of the instance holds a reference to a secret; only the chart itself may name one"
        raise ActivityError(message, "InvalidInput", permanent=True)
    missing = sorted(set(named) - set(values))
    if missing:
        message = f"this machine may use no secret {missing[0]}; an operator can keep one and allow it"
        raise ActivityError(message, "UnknownSecret", permanent=True)
    return values


def _drawn(chart: Chart, run: Claimed) -> Counter[str]:
    """The references as the chart has them."""
    activity = next((a for s in chart.states.values() for a in s.activities if a.id == run.activity), None)
    source = activity.compensation if activity is not None and run.compensates else activity
    return used(source.kind, source.input) if source is not None else Counter()
