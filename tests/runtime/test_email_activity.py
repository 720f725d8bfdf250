from __future__ import annotations

import pytest
from django.core import mail

from orchestrator.runtime.activities.email import perform
from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest
from orchestrator.statechart.definition import JSON

GOOD: dict[str, JSON] = {"to": "ann@example.org", "subject": "Your order", "text": "It is on its way."}


def send(key: str, changed: dict[str, JSON]) -> JSON:
    return perform(ActivityRequest({**GOOD, **changed}, 5, key, 1))


def test_a_mail_goes_out_under_a_message_id_that_all_attempts_share() -> None:
    first, again = send("a", {"html": "<p>On its way</p>"}), send("a", {})
    other = send("b", {"to": ["ann@example.org", "bo@example.org"]})
    assert first == again
    assert first != other
    assert [message.to for message in mail.outbox][2] == ["ann@example.org", "bo@example.org"]
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Hello\r\nBcc: eve@example.org"},
        {"to": "ann@example.org\nBcc: eve@example.org"},
        {"to": "nobody"},
        {"to": []},
        {"to": ["ann@example.org"] * 51},
        {"cc": [3]},
        {"subject": "s" * 300},
        {"text": "t" * 300_000},
        {"bcc": "eve@example.org"},
    ],
)
def test_bad_input_is_refused_for_good_and_sends_nothing(changed: dict[str, JSON]) -> None:
    with pytest.raises(ActivityError) as caught:
        send("k", changed)
    assert caught.value.permanent
    assert mail.outbox == []
