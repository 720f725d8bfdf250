"""Stand-ins for the systems around the gallery's machines: payment, stock, carrier, credit bureau, messages, files.

Each answers from its input alone, so a run can be repeated; its docstring says which input makes it fail.
"""

from __future__ import annotations

import hashlib
import math
from datetime import date

from orchestrator.sdk.activities import ActivityFailed, activity
from orchestrator.statechart.definition import JSON

MAX_LINES = 10_000


def _reference(prefix: str, *parts: JSON) -> str:
    """A reference which is the same whenever the same work is asked for again."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
    return f"{prefix}-{digest[:10]}"


@activity("payments.charge")
def charge(order: str, amount: float, card: str) -> JSON:
    """Card "declined" or an amount of 0 or less is refused for good; card "bank-down" fails on each attempt."""
    if card == "bank-down":
        raise ActivityFailed("The bank does not answer.", "BankUnavailable")
    if card == "declined":
        raise ActivityFailed("The card was declined.", "CardDeclined", permanent=True)
    if amount <= 0:
        raise ActivityFailed(f"The amount {amount} cannot be charged.", "AmountInvalid", permanent=True)
    return {"payment": _reference("pay", order, card), "amount": amount}


@activity("payments.refund")
def refund(payment: str) -> JSON:
    return {"refund": _reference("ref", payment)}


@activity("payments.pay_out")
def pay_out(reference: str, amount: float) -> JSON:
    return {"transfer": _reference("out", reference), "amount": amount}


@activity("inventory.reserve")
def reserve(order: str, items: list[JSON]) -> JSON:
    """An item "unicorn" is never in stock."""
    if "unicorn" in items:
        raise ActivityFailed("The item “unicorn” is out of stock.", "OutOfStock", permanent=True)
    return {"reservation": _reference("res", order), "items": items}


@activity("inventory.release")
def release(reservation: str) -> JSON:
    return {"released": reservation}


@activity("shipping.dispatch")
def dispatch(order: str, address: str) -> JSON:
    """The address "nowhere" is refused for good; "strike" fails on each attempt."""
    if address == "strike":
        raise ActivityFailed("The carrier takes no parcels today.", "CarrierUnavailable")
    if not address or address == "nowhere":
        raise ActivityFailed(f"The carrier does not know the address “{address}”.", "AddressUnknown", permanent=True)
    return {"tracking": _reference("trk", order, address)}


@activity("credit.order_report")
def order_report(application: str, applicant: str) -> JSON:
    """The report itself arrives later as the event `credit_report`. The applicant "unknown" is refused for good."""
    if applicant == "unknown":
        raise ActivityFailed("The bureau does not know this applicant.", "ApplicantUnknown", permanent=True)
    return {"request": _reference("crd", application, applicant)}


@activity("notifications.deliver")
def deliver(channel: str, recipient: str, text: str, unreachable: list[JSON]) -> JSON:
    """A channel named in `unreachable` fails on each attempt."""
    if channel in unreachable:
        raise ActivityFailed(f"The channel {channel} does not reach {recipient}.", "ChannelUnavailable")
    return {"message": _reference("msg", channel, recipient, text), "channel": channel}


@activity("etl.extract")
def extract(source: str, lines: list[JSON]) -> JSON:
    """The source "missing" is refused for good."""
    if source == "missing":
        raise ActivityFailed(f"The source “{source}” does not exist.", "SourceMissing", permanent=True)
    if len(lines) > MAX_LINES:
        raise ActivityFailed(
            f"The batch has {len(lines)} lines; send at most {MAX_LINES}.", "BatchTooLarge", permanent=True
        )
    return {"source": source, "lines": lines}


@activity("etl.parse")
def parse(lines: list[JSON]) -> JSON:
    """Lines are `day,sensor,value`; what is not becomes a malformed record with its line number and the reason."""
    rows: list[JSON] = []
    malformed: list[JSON] = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_row(str(line)))
        except ValueError as error:
            malformed.append({"line": number, "text": str(line)[:200], "reason": str(error)})
    return {"rows": rows, "malformed": malformed}


def _row(line: str) -> JSON:
    fields = line.split(",")
    if len(fields) != 3:
        raise ValueError(f"expected 3 fields, found {len(fields)}")
    day, sensor, value = (field.strip() for field in fields)
    reading = float(value)
    if not math.isfinite(reading):
        raise ValueError(f"the value {value} is not a finite number")
    return {"day": date.fromisoformat(day).isoformat(), "sensor": sensor, "value": reading}


@activity("etl.set_aside")
def set_aside(batch: str, records: list[JSON]) -> JSON:
    return {"file": _reference("aside", batch), "records": len(records)}


@activity("etl.load")
def load(batch: str, rows: list[JSON]) -> JSON:
    return {"load": _reference("load", batch), "loaded": len(rows)}


@activity("etl.unload")
def unload(batch: str) -> JSON:
    return {"unloaded": _reference("load", batch)}
