"""The worklist as people use it, with and without JavaScript."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from orchestrator.definitions.models import Machine
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import Person, answer_task, cancel
from orchestrator.runtime.models import HumanTask, Instance, JournalEntry, TaskEntry
from tests.browser import Enter
from tests.support import needs_chromium
from tests.test_accessibility import PHONE, serious
from tests.worklist.cast import ANSWER, person, published, signed_in, waiting


def address(name: str, task: HumanTask) -> str:
    return reverse(f"worklist:{name}", args=[task.pk])


def page_of(user: User, where: str) -> str:
    return signed_in(user).get(where).content.decode()


def test_an_empty_worklist_says_how_tasks_come_there(ann: User) -> None:
    page = page_of(ann, reverse("worklist:tasks"))
    assert "Nothing waits for you" in page
    assert "human task" in page


def test_the_most_urgent_task_comes_first_and_late_ones_are_marked(machine: Machine, ann: User) -> None:
    late, soon, none = (waiting(machine, key) for key in ("L-late", "L-soon", "L-none"))
    HumanTask.objects.filter(pk=late.pk).update(due=timezone.now() - timedelta(hours=3))
    HumanTask.objects.filter(pk=none.pk).update(due=None)
    page = page_of(ann, reverse("worklist:tasks"))
    places = [page.index(task.title) for task in (late, soon, none)]
    assert places == sorted(places)
    assert "Overdue by 3 h" in page
    assert "1 of mine overdue" in page


def test_mine_are_those_in_my_hand_and_those_open_for_my_groups(machine: Machine, ann: User, bob: User) -> None:
    HumanTask.objects.filter(pk=waiting(machine, "L-bob").pk).update(assignee="bob")
    waiting(machine, "L-open")
    mine, everything = page_of(ann, reverse("worklist:tasks")), page_of(ann, reverse("worklist:tasks") + "?show=all")
    assert ("L-open" in mine, "L-bob" in mine) == (True, False)
    assert ("L-open" in everything, "L-bob" in everything) == (True, True)


def test_many_tasks_come_in_pages(machine: Machine, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    task = waiting(machine)
    monkeypatch.setattr("orchestrator.runtime.queries_human.tasks.__defaults__", (True, 1, 1))
    other = waiting(machine, "L-2")
    first, second = (page_of(ann, reverse("worklist:tasks") + f"?page={number}") for number in (1, 2))
    assert (task.title in first, other.title in first) == (True, False)
    assert (task.title in second, other.title in second) == (False, True)
    assert other.title in page_of(ann, reverse("worklist:tasks") + "?page=99")


def test_the_instructions_are_plain_text(machine: Machine, ann: User) -> None:
    page = page_of(ann, address("task", waiting(machine)))
    assert "Read &lt;b&gt;all&lt;/b&gt; papers." in page
    assert 'value="500"' in page, "the default of the form was computed"


def test_the_instance_is_linked_for_who_may_see_it(machine: Machine, ann: User, owner: User) -> None:
    task = waiting(machine)
    link = reverse("admin:operations_instance", args=[task.run.instance_id])
    owner.is_staff = True
    owner.save()
    assert link in page_of(owner, address("task", task))
    plain = page_of(ann, address("task", task))
    assert "L-1" in plain
    assert link not in plain
    assert reverse("designer:design", args=[machine.slug]) not in plain


def test_an_answer_without_javascript_goes_back_to_the_list(machine: Machine, ann: User) -> None:
    task = waiting(machine)
    done = signed_in(ann).post(address("answer", task), ANSWER, follow=True)
    assert done.redirect_chain == [(reverse("worklist:tasks"), 302)]
    assert "Answered: “Decide on L-1”." in done.content.decode()
    drain()
    review = {"verdict": "approve", "amount": 250, "checked": True, "until": "2031-05-01", "note": None}
    kept = json.loads(Instance.objects.get().snapshot)["context"]["review"]
    assert kept == {**review, "answeredBy": "ann"}
    assert JournalEntry.objects.get(kind="activity").actor == "user:ann"
    page = page_of(ann, address("task", task))
    assert "2031-05-01" in page
    assert "Send the answer" not in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"field-verdict": ""}, "Fill in “Verdict”."),
        ({"field-verdict": "perhaps"}, "Select a valid choice."),
        ({"field-amount": "much"}, "Enter a number."),
        ({"field-until": "soon"}, "Enter a valid date."),
        ({"field-note": "a\x07b"}, "holds a character that cannot be printed"),
    ],
)
def test_a_wrong_answer_is_told_at_its_field_and_keeps_what_was_typed(
    machine: Machine, ann: User, changed: dict[str, str], said: str
) -> None:
    task = waiting(machine)
    answer = signed_in(ann).post(address("answer", task), {**ANSWER, "field-note": "kept words", **changed})
    page = answer.content.decode()
    assert (answer.status_code, said in page) == (422, True)
    assert 'aria-invalid="true"' in page
    assert "kept words" in page or "field-note" in changed
    task.refresh_from_db()
    assert (task.run.status, TaskEntry.objects.count()) == ("waiting", 0)


def test_who_comes_second_is_told_and_sees_the_first_answer(machine: Machine, ann: User) -> None:
    task = waiting(machine)
    answer_task(task.pk, {"verdict": "decline"}, Person("bob", "user:bob"))
    late = signed_in(ann).post(address("answer", task), ANSWER)
    assert late.status_code == 409
    assert "the first answer stands" in late.content.decode()
    assert "decline" in late.content.decode()


def test_a_task_that_was_cancelled_says_so(machine: Machine, ann: User) -> None:
    task = waiting(machine)
    cancel(task.run.instance_id, "withdrawn", "user:owner")
    drain()
    assert "needs no answer any more" in page_of(ann, address("task", task))
    assert signed_in(ann).post(address("answer", task), ANSWER).status_code == 409


def test_a_rejection_needs_a_reason(machine: Machine, ann: User) -> None:
    task = waiting(machine)
    assert "Say why" in signed_in(ann).post(address("reject", task), {"reason": " "}).content.decode()
    signed_in(ann).post(address("reject", task), {"reason": "not my customer"})
    drain()
    assert Instance.objects.get().configuration == "refused"
    assert "not my customer" in page_of(ann, address("task", task))


def test_a_task_in_another_hand_is_not_answered(machine: Machine, ann: User, bob: User, owner: User) -> None:
    task = waiting(machine)
    signed_in(bob).post(address("claim", task))
    page = page_of(ann, address("task", task))
    assert "bob has this task in hand" in page
    assert "Send the answer" not in page
    assert signed_in(ann).post(address("answer", task), ANSWER).status_code == 409
    assert "Send the answer" in page_of(owner, address("task", task)), "who manages the machine may act over others"


def test_a_task_is_handed_to_somebody_who_exists(machine: Machine, ann: User, bob: User) -> None:
    task = waiting(machine)
    wrong = signed_in(ann).post(address("reassign", task), {"to": "nobody"})
    assert (wrong.status_code, "There is no active user" in wrong.content.decode()) == (422, True)
    signed_in(ann).post(address("reassign", task), {"to": "bob", "reason": "he knows them"})
    task.refresh_from_db()
    assert task.assignee == "bob"
    released = signed_in(bob).post(address("release", task), {"reason": "on leave"}, headers={"HX-Request": "true"})
    assert released.headers["HX-Redirect"] == reverse("worklist:tasks")
    task.refresh_from_db()
    assert task.assignee == ""
    assert "on leave" in page_of(ann, address("task", task))


def test_htmx_gets_the_task_alone(machine: Machine, ann: User) -> None:
    part = signed_in(ann).post(address("claim", waiting(machine)), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="task"')
    assert "Yours" in part


@needs_chromium
@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark", "viewport": PHONE}])
def test_a_task_is_claimed_and_answered_by_keyboard_and_no_page_has_a_barrier(
    transactional_db: None, enter: Enter, options: dict[str, object]
) -> None:
    ann = person("ann", "underwriters")
    task = waiting(published(person("owner")))
    page = enter(ann, **options)
    page.goto(reverse("worklist:tasks"))
    found = serious(page)
    page.get_by_role("link", name="Decide on L-1").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Claim").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Yours", exact=True)).to_be_visible()
    found += serious(page)
    page.get_by_role("button", name="Send the answer").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Fill in “Verdict”.")).to_be_visible()
    found += serious(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    page.get_by_label("Verdict").select_option("approve")
    page.get_by_role("button", name="Send the answer").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Nothing waits for you").wait_for()
    found += serious(page)
    assert found == []
    task.refresh_from_db()
    assert task.run.status == "done"
