"""`manage.py syncmachines`: what is declared in code is published, once, and nobody's draft is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from pytest_django import Settings

from designer import drafts
from designer.sync import carry_out, find, plan
from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine, Version
from orchestrator.definitions.publish import publish
from orchestrator.statechart.document import content_hash

SHOP = """
from orchestrator.sdk import Machine
order = Machine("order", title="Order")
order.state("placed", initial=True).on("paid", "done")
order.final("done")
"""
SECOND = """
parcel = Machine("parcel")
parcel.state("here", initial=True).on("go", "gone")
parcel.final("gone")
"""
Write = Callable[[str], str]


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module and gives its name; written again it is imported anew."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text: str) -> str:
        (tmp_path / "shop_machines.py").write_text(text)
        sys.modules.pop("shop_machines", None)
        return "shop_machines"

    yield write
    sys.modules.pop("shop_machines", None)


def sync(*words: str) -> str:
    out = StringIO()
    call_command("syncmachines", *words, stdout=out, stderr=out)
    return out.getvalue()


def refused(*words: str) -> str:
    """What is printed, and the sentence with which the command ends with 1."""
    out = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("syncmachines", *words, stdout=out, stderr=out)
    assert refusal.value.returncode == 1
    return f"{out.getvalue()}{refusal.value}"


def edit(owner: User, title: str) -> None:
    """Somebody changes the draft in the browser."""
    machine = Machine.objects.get(slug="order")
    drafts.apply(machine, owner, machine.draft_revision, "rename", lambda draft: {**draft, "title": title})


def numbers(slug: str = "order") -> list[int]:
    return sorted(Version.objects.filter(machine__slug=slug).values_list("number", flat=True))


def test_a_new_machine_is_made_and_published_and_keeps_a_mark_of_its_source(owner: User, module: Write) -> None:
    assert sync(module(SHOP)) == "order: published version 1 of a new machine\n"
    machine = Machine.objects.get(slug="order")
    assert machine.current is not None
    assert (machine.owner, machine.title, machine.current.notes) == (owner, "Order", "From shop_machines:order")
    assert machine.draft == machine.current.document
    assert machine.draft["meta"] == {"code": "shop_machines:order"}
    assert list(chart_of(machine.current.pk).states) == ["placed", "done"]


def test_what_is_published_already_stays_unchanged(owner: User, module: Write) -> None:
    sync(module(SHOP))
    assert sync("shop_machines") == "order: unchanged, version 1\n"
    assert numbers() == [1]


def test_changed_code_is_the_next_version_and_the_draft_follows_and_can_be_undone(owner: User, module: Write) -> None:
    sync(module(SHOP))
    assert sync(module(SHOP.replace('"paid"', '"billed"'))) == "order: published version 2\n"
    machine = Machine.objects.get(slug="order")
    assert machine.current is not None
    assert content_hash(machine.draft) == machine.current.content_hash
    assert drafts.steps(machine).undo == "took over the code of shop_machines:order"


def test_a_draft_with_changes_of_its_own_is_kept_and_the_line_says_so(owner: User, module: Write) -> None:
    sync(module(SHOP))
    edit(owner, "Mine")
    before = Machine.objects.get(slug="order")
    answer = sync(module(SHOP.replace('"paid"', '"billed"')))
    assert answer == (
        "order: published version 2; the draft in the browser has changes of its own and stays as it is\n"
    )
    after = Machine.objects.get(slug="order")
    assert (after.draft, after.draft_revision, after.title) == (before.draft, before.draft_revision, "Mine")
    assert after.current is not None
    assert after.current.document["states"]["placed"]["on"][0]["event"] == "billed"
    assert drafts.redo(after, after.draft_revision) == "took over the code of shop_machines:order"


def test_what_the_browser_has_published_since_is_followed_by_the_code_once(owner: User, module: Write) -> None:
    sync(module(SHOP))
    edit(owner, "Mine")
    publish(Machine.objects.get(slug="order"), owner)
    assert sync("shop_machines") == "order: published version 3\n"
    assert sync("shop_machines") == "order: unchanged, version 3\n"


def test_a_machine_with_mistakes_is_not_published_and_the_others_are(owner: User, module: Write) -> None:
    answer = refused(module(SHOP.replace('"done")\norder', '"dnoe")\norder') + SECOND))
    assert "order: has problems, nothing is published\n" in answer
    assert "shop_machines.py:4: placed/on/0/target: The target “dnoe” does not exist. Choose a state" in answer
    assert "parcel: published version 1 of a new machine\n" in answer
    assert answer.endswith("Not published because of problems: 1 of 2 machines.")
    assert not Machine.objects.filter(slug="order").exists()


@pytest.mark.parametrize("slug", ["Order", "an.order", "new"])
def test_an_id_that_is_no_address_is_refused_with_the_mend(owner: User, module: Write, slug: str) -> None:
    assert "use lower-case letters" in refused(module(SHOP.replace('"order"', f'"{slug}"')))
    assert not Machine.objects.exists()


def test_a_title_with_spaces_of_its_own_is_published_once(owner: User, module: Write) -> None:
    sync(module(SHOP.replace('title="Order"', 'title=" An  order "')))
    assert sync("shop_machines") == "order: unchanged, version 1\n"


def test_check_changes_nothing_and_fails_only_when_something_would_change(owner: User, module: Write) -> None:
    answer = refused(module(SHOP), "--check")
    assert answer.startswith("order: would publish version 1 of a new machine\n")
    assert "run manage.py syncmachines" in answer
    assert not Machine.objects.exists()
    sync("shop_machines")
    assert sync("shop_machines", "--check") == "order: unchanged, version 1\n"


def test_a_dry_run_changes_nothing_and_does_not_fail(owner: User, module: Write) -> None:
    sync(module(SHOP))
    assert sync(module(SHOP.replace("paid", "billed")), "--dry-run") == "order: would publish version 2\n"
    assert numbers() == [1]


def test_without_names_the_modules_of_the_settings_are_taken(owner: User, module: Write, settings: Settings) -> None:
    assert "MACHINE_MODULES" in refused()
    settings.MACHINE_MODULES = [module(SHOP)]
    assert sync() == "order: published version 1 of a new machine\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 / 0", "shop_machines cannot be imported: ZeroDivisionError"),
        (f'{SHOP}order.state("done")', "has a state “done” already"),
        ("x = 1", "There is no Machine under a public name in shop_machines"),
        (f'{SHOP}other = Machine("order")', "shop_machines:order and shop_machines:other both have the id “order”"),
    ],
)
def test_modules_that_cannot_be_taken_are_told_in_a_sentence(owner: User, module: Write, text: str, told: str) -> None:
    assert told in refused(module(text))
    assert "no_such_module cannot be imported" in refused("no_such_module")
    assert not Machine.objects.exists()


def test_private_names_are_parts_of_other_machines_and_one_machine_counts_once(module: Write) -> None:
    names = [one.source for one in find([module(f"{SHOP}again = order\n_part = Machine('part')\n")])]
    assert names == ["shop_machines:order"]


def test_somebody_must_publish(db: None, module: Write) -> None:
    assert "createsuperuser" in refused(module(SHOP))
    assert "“bob”" in refused("shop_machines", "--user", "bob")
    User.objects.create_user("bob")
    assert "version 1" in sync("shop_machines", "--user", "bob")


def test_a_machine_drawn_in_the_browser_and_never_published_keeps_its_draft(owner: User, module: Write) -> None:
    drawn = create_machine(owner, "Order", {"signalbox": 1, "id": "x", "states": {"sketch": {}}})
    assert "stays as it is" in sync(module(SHOP))
    drawn.refresh_from_db()
    assert list(drawn.draft["states"]) == ["sketch"]
    assert numbers() == [1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("there", [False, True], ids=["new", "changed"])
def test_two_who_sync_at_once_publish_once(module: Write, there: bool) -> None:
    owner = User.objects.create_superuser("grace")
    if there:
        carry_out(find([module(SHOP.replace("paid", "billed"))])[0], owner)
    [found] = find([module(SHOP)])
    actions: list[str] = []

    def run() -> None:
        try:
            actions.append(carry_out(found, owner).action)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(actions) == sorted(["nothing"] * 3 + ["publish" if there else "create"])
    assert list(Machine.objects.values_list("slug", flat=True)) == ["order"]
    assert numbers() == ([1, 2] if there else [1])
    assert plan(found).action == "nothing"
