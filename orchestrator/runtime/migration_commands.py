"""Take running instances over into another version: looked at first, then asked of each, batch by batch.

The dry run and the change share one judge. The command of an instance waits in its inbox like any other input and is
judged again when it is applied; one that does not fit by then stays as it was. A call that was cut off is made again:
instances that are in the new version are not chosen any more.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.models import Machine, Version
from orchestrator.runtime import intake, nudge, store_intake
from orchestrator.runtime.inputs import ENDED
from orchestrator.runtime.intake import CommandError
from orchestrator.runtime.migrating import MIGRATE, Wish, new_chart
from orchestrator.runtime.models import Instance
from orchestrator.runtime.queries_instances import InstanceSearch, matching
from orchestrator.runtime.store import batch
from orchestrator.runtime.store_intake import InboxRow
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.lifecycle import Refused
from orchestrator.statechart.migration import ACCEPTABLE, Reason, Verdict, judge, mapping_error
from orchestrator.statechart.snapshot import Snapshot, from_json

AT_ONCE = 500
MAX_PAIRS = 500
MAX_CHOSEN = 1_000  # instances that are named one by one
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class MigrationRequest:
    """Which instances of a machine go on in which of its versions; empty values do not narrow.

    `states` are leaf states, any of which must be active. `after` and `limit` cut a long way into pieces.
    """

    machine: str
    to: int
    mapping: Mapping[str, str] = field(default_factory=dict)
    accept: Sequence[str] = ()
    reason: str = ""
    instances: Sequence[int] = ()
    versions: Sequence[int] = ()
    states: Sequence[str] = ()
    status: str = ""
    key: str = ""
    after: int = 0
    limit: int | None = None


@dataclass(slots=True)
class MigrationReport:
    """How many instances fit, need a mapping or are stranded, and why; `asked` is how many were given the command.

    `reasons` keep nobody else from going on; `notes` are losses which do not stop an instance. `samples` are some
    instances of each. `next` is where the next piece begins, None when this was the last.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)
    notes: Counter[Reason] = field(default_factory=Counter)
    samples: dict[Reason, list[int]] = field(default_factory=dict)
    asked: int = 0
    next: int | None = None

    @property
    def chosen(self) -> int:
        return sum(self.kinds.values())

    def add(self, instance: int, verdict: Verdict) -> None:
        self.kinds[verdict.kind] += 1
        self.reasons.update(verdict.reasons)
        self.notes.update(verdict.notes)
        for reason in (*verdict.reasons, *verdict.notes):
            sample = self.samples.setdefault(reason, [])
            if len(sample) < SAMPLE:
                sample.append(instance)


class _Row(NamedTuple):
    id: int
    version: int
    part: str
    snapshot: str


Progress = Callable[[MigrationReport], object]


def migrate(
    request: MigrationRequest, actor: str, dry_run: bool = False, progress: Progress = lambda report: None
) -> MigrationReport:
    """Judge the chosen instances, and unless it is a dry run ask each that fits to go on. Raises CommandError."""
    machine, version = _checked(request, dry_run)
    _check_mapping(machine, version, request.mapping)
    report, last = MigrationReport(), request.after
    while rows := _rows(request, machine, version, last, report.chosen):
        wishes = dict(_fitting(rows, version.pk, request, report))
        if wishes and not dry_run:
            _ask(wishes, request.reason, actor)
            report.asked += len(wishes)
        last = rows[-1].id
        report.next = last if report.chosen == request.limit else None
        progress(report)
    return report


def _checked(request: MigrationRequest, dry_run: bool) -> tuple[Machine, Version]:
    intake.text(request.reason, "reason", required=not dry_run)
    for name, texts in (("states", request.states), ("key", [request.key]), ("status", [request.status])):
        for text in texts:
            intake.text(text, name)
    if max(len(request.instances), len(request.states), len(request.versions)) > MAX_CHOSEN:
        raise CommandError("too-large", f"name at most {MAX_CHOSEN} instances, states or versions", "instances")
    for code in request.accept:
        if code not in ACCEPTABLE:
            known = ", ".join(ACCEPTABLE)
            raise CommandError("invalid", f"{code!r:.40} cannot be accepted; those that can: {known}", "accept")
    machine = _machine(request.machine)
    return machine, _version(machine, request.to, "to")


def _machine(slug: str) -> Machine:
    machine = Machine.objects.filter(slug=slug).first()
    if machine is None:
        raise CommandError("unknown-machine", f"there is no machine {slug!r:.100}; check its slug", "machine")
    return machine


def _version(machine: Machine, number: int, name: str) -> Version:
    known = type(number) is int and 0 < number < 2**31
    version = machine.versions.filter(number=number).first() if known else None
    if version is None:
        highest = machine.versions.values_list("number", flat=True).first() or 0
        message = f"{machine.slug} has no version {number!r:.20}; its latest is {highest}"
        raise CommandError("invalid", message, name)
    return version


def _check_mapping(machine: Machine, version: Version, mapping: Mapping[str, str]) -> None:
    """Each pair must mean something between the new version and one in which instances run."""
    if len(mapping) > MAX_PAIRS:
        raise CommandError("too-large", f"mapping has {len(mapping)} pairs; give at most {MAX_PAIRS}", "mapping")
    running = Instance.objects.filter(machine=machine).exclude(status__in=ENDED).exclude(version=version)
    charts = [(chart_of(pk, part), part) for pk, part in running.values_list("version_id", "part").distinct()]
    for before, after in mapping.items():
        intake.text(before, "mapping", required=True)
        intake.text(after, "mapping", required=True)
        errors = [_error(chart, version.pk, part, {before: after}) for chart, part in charts]
        if errors and all(errors):
            raise CommandError("invalid", f"mapping: {errors[0]}", "mapping")


def _error(old: Chart, version: int, part: str, pair: Mapping[str, str]) -> str:
    try:
        return mapping_error(old, new_chart(chart_of, version, part), pair)
    except Refused as error:
        return str(error)


def _rows(request: MigrationRequest, machine: Machine, version: Version, last: int, chosen: int) -> list[_Row]:
    wanted = InstanceSearch([machine.pk], request.states, request.status, key=request.key)
    rows = matching(wanted).exclude(version=version).exclude(status__in=ENDED).filter(pk__gt=last)
    if request.instances:
        rows = rows.filter(pk__in=list(request.instances))
    if request.versions:
        rows = rows.filter(version__number__in=list(request.versions))
    size = AT_ONCE if request.limit is None else min(AT_ONCE, request.limit - chosen)
    return [_Row(*row) for row in rows.order_by("pk").values_list("pk", "version_id", "part", "snapshot")[:size]]


def _fitting(
    rows: Iterable[_Row], version: int, request: MigrationRequest, report: MigrationReport
) -> Iterable[tuple[int, Wish]]:
    for row in rows:
        known = chart_of(row.version, row.part).states
        mapping = {before: after for before, after in request.mapping.items() if before in known}
        verdict = _verdict(row, version, mapping, request.accept)
        report.add(row.id, verdict)
        if verdict.kind == "fits":
            yield row.id, Wish(row.version, version, mapping, tuple(request.accept))


def _verdict(row: _Row, version: int, mapping: Mapping[str, str], accept: Collection[str]) -> Verdict:
    try:
        snapshot = Snapshot() if row.snapshot in ("", "{}") else from_json(row.snapshot)
        new = new_chart(chart_of, version, row.part)
    except (ValueError, Refused) as error:
        return Verdict((Reason("no-place", "", str(error), "Leave it in its version, or cancel it."),))
    return judge(chart_of(row.version, row.part), new, snapshot, mapping, accept)


def _ask(wishes: Mapping[int, Wish], reason: str, actor: str) -> None:
    with batch() as cursor:
        ids, now = store_intake.new_ids(cursor, len(wishes))
        rows = [
            InboxRow(
                event, instance, "command", MIGRATE, json.dumps({"reason": reason, **wish.as_data()}), "", actor, now
            )
            for event, (instance, wish) in zip(ids, wishes.items(), strict=True)
        ]
        nudge.after_commit(store_intake.fill_inbox(cursor, rows))
