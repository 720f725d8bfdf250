"""The channels by name: one file and one line here for each."""

from __future__ import annotations

from orchestrator.alerts.channels.base import Channel
from orchestrator.alerts.channels.email import send_email

CHANNELS: dict[str, Channel] = {"email": send_email}
