"""The gallery's machines on their main paths and when things fail."""

from __future__ import annotations

from tests.gallery.driver import Run


def test_an_order_is_paid_reserved_shipped_and_announced() -> None:
    run = Run("order-fulfilment")
    assert run.states == {"fulfilled"}
    assert run.status == "completed"
    assert run.performed == ["payments.charge", "inventory.reserve", "shipping.dispatch", "email"]
    assert str(run.context["tracking"]).startswith("trk-")
    assert str(run.context["tracking"]) in str(run.inputs[-1]["text"])


def test_when_shipping_fails_the_goods_are_released_and_then_the_payment_refunded() -> None:
    run = Run("order-fulfilment", {"address": "nowhere"})
    assert run.performed[-3:] == ["shipping.dispatch: AddressUnknown", "inventory.release", "payments.refund"]
    assert run.states == {"order_cancelled"}
    assert str(run.context["reason"]).startswith("shipping: The carrier does not know")
    charged = run.context["payment"]
    assert isinstance(charged, dict)
    assert run.inputs[-1]["args"] == {"payment": charged["payment"]}


def test_a_carrier_that_is_down_is_tried_again_before_undoing() -> None:
    run = Run("order-fulfilment", {"address": "strike"})
    assert run.performed.count("shipping.dispatch: CarrierUnavailable") == 6
    assert run.performed[-2:] == ["inventory.release", "payments.refund"]


def test_a_declined_card_undoes_nothing() -> None:
    run = Run("order-fulfilment", {"card": "declined"})
    assert run.performed == ["payments.charge: CardDeclined"]
    assert run.states == {"order_cancelled"}


def test_an_item_out_of_stock_waits_and_is_refunded_after_a_week() -> None:
    run = Run("order-fulfilment", {"items": ["unicorn"]})
    assert run.states == {"back_ordered"}
    run.wait(days=7)
    assert run.performed[-1] == "payments.refund"
    assert run.states == {"order_cancelled"}


def test_a_customer_cancels_an_order_that_waits_for_stock() -> None:
    run = Run("order-fulfilment", {"items": ["unicorn"]}).send("cancel_order")
    assert (run.states, run.performed[-1]) == ({"order_cancelled"}, "payments.refund")


def test_a_document_is_approved() -> None:
    run = Run("document-approval").send("submit")
    assert run.states == {"waiting"}
    assert run.send("approve").states == {"approved"}
    assert run.timers == {}


def test_a_reviewer_is_reminded_twice_then_the_lead_decides() -> None:
    run = Run("document-approval", {"lead": "boss@example.com"}).send("submit").wait(days=4)
    assert (run.states, run.context["reminders"]) == ({"waiting"}, 2)
    assert run.performed == ["email", "email"]
    run.wait(days=2)
    assert run.states == {"escalated"}
    assert run.inputs[-1]["to"] == "boss@example.com"
    run.send("reject", comment="no budget")
    assert (run.states, run.context["comment"]) == ({"rejected"}, "no budget")


def test_requested_changes_lead_back_to_the_draft_and_reminders_start_anew() -> None:
    run = Run("document-approval").send("submit").wait(days=2).send("request_changes")
    assert run.states == {"draft"}
    assert run.send("submit").context["reminders"] == 0


def test_a_loan_goes_through_checks_for_days_to_the_payout() -> None:
    run = Run("loan-application").send("credit_report", score=710)
    assert run.states == {"underwriting"}
    run.wait(days=3).send("ask_for_documents").wait(days=2).send("documents_received").send("accept")
    assert run.states == {"offer_made"}
    run.send("sign")
    assert (run.states, run.performed[-1]) == ({"paid_out"}, "payments.pay_out")


def test_a_credit_check_expires_after_24_hours_and_can_be_ordered_again() -> None:
    run = Run("loan-application").wait(hours=23)
    assert run.states == {"credit_check"}
    run.wait(hours=1)
    assert run.states == {"credit_check_expired"}
    run.send("check_again").send("credit_report", score=500)
    assert (run.states, run.context["checks"]) == ({"declined"}, 2)


def test_slow_underwriting_goes_to_a_senior_and_an_offer_ends_after_a_month() -> None:
    run = Run("loan-application").send("credit_report", score=700).wait(days=7)
    assert run.states == {"senior_underwriting"}
    assert run.send("accept").wait(days=30).states == {"expired"}


def test_an_amount_outside_the_bounds_is_declined_at_once() -> None:
    run = Run("loan-application", {"amount": 5_000_000})
    assert (run.states, run.performed) == ({"declined"}, [])


def test_a_clean_batch_is_loaded() -> None:
    run = Run("batch-etl")
    assert (run.states, run.context["loaded"], run.context["rejected"]) == ({"loaded"}, 2, 0)
    assert "etl.set_aside" not in run.performed


def test_malformed_records_are_set_aside_and_the_rest_is_loaded() -> None:
    run = Run("batch-etl", {"lines": ["2026-01-01,s1,1", "broken", "2026-01-02,s2,2.5", "2026-01-03,s3,3"]})
    assert (run.states, run.context["loaded"], run.context["rejected"]) == ({"loaded"}, 3, 1)
    parsed = run.context["parsed"]
    assert isinstance(parsed, dict)
    assert parsed["malformed"] == [{"line": 2, "text": "broken", "reason": "expected 3 fields, found 1"}]


def test_a_batch_that_is_mostly_malformed_waits_for_a_person() -> None:
    run = Run("batch-etl", {"lines": ["broken", "2026-01-01,s,nan", "2026-01-01,s,1"]})
    assert run.states == {"needs_attention"}
    assert run.send("load_anyway").states == {"loaded"}
    assert run.context["loaded"] == 1


def test_a_missing_source_can_be_abandoned() -> None:
    run = Run("batch-etl", {"source": "missing"})
    assert run.states == {"needs_attention"}
    assert run.send("load_anyway").states == {"needs_attention"}
    assert run.send("abandon").states == {"abandoned"}


def test_a_push_message_is_delivered_by_its_receipt() -> None:
    run = Run("notification-pipeline").send("receipt")
    assert (run.states, run.context["via"]) == ({"delivered"}, "push")


def test_an_unread_push_message_falls_back_to_a_text_message() -> None:
    run = Run("notification-pipeline").wait(minutes=15)
    assert (run.states, run.context["via"]) == ({"delivered"}, "sms")


def test_each_channel_is_retried_before_the_next() -> None:
    run = Run("notification-pipeline", {"unreachable": ["push", "sms"]})
    assert (run.states, run.context["via"]) == ({"delivered"}, "inbox")
    assert len(run.performed) == 7
    assert Run("notification-pipeline", {"unreachable": ["push", "sms", "inbox"]}).states == {"undeliverable"}


def test_what_is_not_urgent_skips_the_text_message() -> None:
    run = Run("notification-pipeline", {"unreachable": ["push"], "urgent": False})
    assert run.context["via"] == "inbox"
