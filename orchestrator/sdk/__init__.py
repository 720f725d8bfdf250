"""The public Python face: a machine in code, and the activities that machines start."""

from orchestrator.sdk.actions import (
    assign,
    block,
    cancel,
    choose,
    compensate,
    emit,
    for_each,
    log,
    otherwise,
    raise_event,
    send,
    when,
)
from orchestrator.sdk.activities import ActivityFailed, activity
from orchestrator.sdk.declaring import MachineError
from orchestrator.sdk.machine import Machine, State
from orchestrator.sdk.work import fan_out, retry, to, undo

__all__ = [
    "ActivityFailed",
    "Machine",
    "MachineError",
    "State",
    "activity",
    "assign",
    "block",
    "cancel",
    "choose",
    "compensate",
    "emit",
    "fan_out",
    "for_each",
    "log",
    "otherwise",
    "raise_event",
    "retry",
    "send",
    "to",
    "undo",
    "when",
]
