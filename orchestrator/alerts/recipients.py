"""Who is told of a machine's incidents."""

from __future__ import annotations

from collections.abc import Iterable
from email.errors import HeaderParseError
from email.headerregistry import Address

from django.conf import settings

from orchestrator.definitions.models import Machine

MOST_RECIPIENTS = 50
LONGEST_ADDRESS = 254
NOBODY = (
    "There is nobody to tell: the machine has no alert recipients, its owner has no email address, and the setting "
    "ALERT_DEFAULT_RECIPIENTS is empty. Add a recipient to the machine, then send this alert again."
)


def is_address(value: object) -> bool:
    """Whether this is one plain address such as `ops@example.org`, fit for a header."""
    if not isinstance(value, str) or len(value) > LONGEST_ADDRESS or not value.isprintable():
        return False
    try:
        address = Address(addr_spec=value)
    except (HeaderParseError, ValueError, IndexError):
        return False
    return bool(address.username and address.domain)


def _usable(values: Iterable[object]) -> list[str]:
    addresses = dict.fromkeys(value for value in values if isinstance(value, str) and is_address(value))
    return list(addresses)[:MOST_RECIPIENTS]


def recipients_of(machine: Machine) -> list[str]:
    """The machine's own recipients, else its owner, else the default ones; malformed addresses are left out."""
    own = machine.alert_recipients if isinstance(machine.alert_recipients, list) else []
    return _usable(own) or _usable([machine.owner.email]) or _usable(settings.ALERT_DEFAULT_RECIPIENTS)
