"""Turn incidents into alerts: those which open together are one message, and one more when all of them are over."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from orchestrator.alerts import store
from orchestrator.alerts.models import Alert
from orchestrator.alerts.recipients import NOBODY, recipients_of
from orchestrator.alerts.wording import kind_of
from orchestrator.definitions.models import Machine

LONGEST_GATHERING = 6  # times ALERT_GATHER: a steady trickle of incidents must not hold the first message back for ever
GROUPS_PER_SWEEP = 500
LONGEST_SUBJECT = 250  # of the name an alert has until its message is made


@dataclass(frozen=True, slots=True)
class Collected:
    """How many alerts were opened, incidents attached, alerts repeated and recoveries announced."""

    opened: int = 0
    attached: int = 0
    repeated: int = 0
    recovered: int = 0


def collect() -> Collected:
    """Group new incidents and close what is over, in one transaction; does nothing while another sweep groups."""
    with transaction.atomic():
        if not store.lock_grouping():
            return Collected()
        recovered = _recover()
        opened = _open()
        attached = store.attach()
        return Collected(opened, attached, _repeat(), recovered)


def new_message_id() -> str:
    """A Message-ID that no other message has; it is kept with the alert, so every try carries the same one."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    domain = host if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", host) else "localhost"
    return f"<alert-{uuid.uuid4().hex}@{domain}>"


def _open() -> int:
    groups = store.due_groups(
        quiet=settings.ALERT_GATHER, longest=settings.ALERT_GATHER * LONGEST_GATHERING, limit=GROUPS_PER_SWEEP
    )
    machines = Machine.objects.select_related("owner").in_bulk({group.machine for group in groups})
    for group in groups:
        _create(machines[group.machine], group.version, group.state, group.kind)
    return len(groups)


def _repeat() -> int:
    roots = _roots(store.repeats(settings.ALERT_REPEAT))
    for root in roots:
        _create(root.machine, root.version_id, root.state, root.kind, first=root)
    return len(roots)


def _recover() -> int:
    """Announce the end to those who got the latest message of the group."""
    roots = _roots(store.close_groups())
    for root in roots:
        told = root.later.filter(status="sent").first() or root
        Alert.objects.create(
            machine=root.machine,
            version_id=root.version_id,
            state=root.state,
            kind=root.kind,
            phase="recovered",
            first=root,
            recipients=told.recipients,
            message_id=new_message_id(),
            subject=f"Recovered: {root.subject}"[:LONGEST_SUBJECT],
        )
    return len(roots)


def _roots(ids: list[int]) -> list[Alert]:
    return list(Alert.objects.filter(pk__in=ids).select_related("machine__owner").order_by("pk"))


def _create(machine: Machine, version: int, state: str, kind: str, first: Alert | None = None) -> Alert:
    recipients = recipients_of(machine)
    return Alert.objects.create(
        machine=machine,
        version_id=version,
        state=state,
        kind=kind,
        first=first,
        recipients=recipients,
        message_id=new_message_id(),
        subject=f"{machine.title}: {kind_of(kind).badge.lower()} in {state}"[:LONGEST_SUBJECT],
        status="pending" if recipients else "failed",
        last_error="" if recipients else NOBODY,
    )
