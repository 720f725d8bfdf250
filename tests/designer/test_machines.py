"""The list of machines, making one, importing, publishing and starting."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse

from designer.gallery.load import gallery_entries
from orchestrator.definitions.models import Machine, Version
from orchestrator.runtime.models import Instance
from tests.designer.conftest import DRAFT, Post
from tests.support import wait_for


def upload(page: Client, content: bytes, name: str = "chart.json", **values: str) -> Any:
    return page.post(reverse("designer:import"), {"file": SimpleUploadedFile(name, content), **values})


def test_an_empty_list_teaches_what_a_machine_is(page: Client) -> None:
    text = page.get(reverse("designer:machines")).content.decode()
    assert "Draw your first machine" in text
    assert gallery_entries()[0].title in text


def test_search_finds_by_name_state_and_event(page: Client, machine: Machine) -> None:
    for query in ("approv", "review", "SUBMIT", "review submit"):
        assert machine.title in page.get(reverse("designer:machines"), {"q": query}).content.decode()
    assert "Nothing found" in page.get(reverse("designer:machines"), {"q": "zebra"}).content.decode()


def test_a_blank_machine_opens_its_design_page(page: Client) -> None:
    answer = page.post(reverse("designer:new"), {"title": "Holiday request", "template": ""}, follow=True)
    assert answer.redirect_chain[0][0] == reverse("designer:design", args=["holiday-request"])
    assert "Add the first state" in answer.content.decode()


@pytest.mark.parametrize("slug", [entry.slug for entry in gallery_entries()])
def test_every_template_becomes_a_machine_with_a_picture(page: Client, slug: str) -> None:
    answer = page.post(reverse("designer:new"), {"title": "Copy", "template": slug}, follow=True)
    text = answer.content.decode()
    assert "sb-diagram" in text
    assert 'title="errors"' not in text


@pytest.mark.parametrize(("title", "template"), [("", ""), ("x" * 121, ""), ("Copy", "no-such-template"), ("  ", "")])
def test_a_wrong_new_machine_is_refused_and_not_made(page: Client, title: str, template: str) -> None:
    assert page.post(reverse("designer:new"), {"title": title, "template": template}).status_code == 422
    assert not Machine.objects.exists()


def test_an_exported_file_comes_back_the_same(page: Client, machine: Machine) -> None:
    text = page.get(reverse("designer:export", args=[machine.slug])).content
    assert upload(page, text, title="Second").status_code == 302
    second = Machine.objects.get(slug="second")
    assert json.dumps(second.draft["states"]) == json.dumps(DRAFT["states"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("door.scxml", b'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"><state id="open"/></scxml>'),
        ("door.mmd", b"stateDiagram-v2\n[*] --> open\n"),
        ("door.json", b'{"id": "door", "initial": "open", "states": {"open": {}}}'),
    ],
)
def test_a_file_of_another_tool_becomes_a_machine(page: Client, name: str, content: bytes) -> None:
    assert upload(page, content, name, title="Door").status_code == 302
    assert list(Machine.objects.get(slug="door").draft["states"]) == ["open"]


def test_what_an_import_lost_is_told_once_the_machine_is_made(page: Client) -> None:
    answer = upload(page, b"stateDiagram-v2\n[*] --> a\nclassDef big fill:#fff\n", "a.mmd", title="A")
    text = page.get(answer.url).content.decode()
    assert "Not all of the file came as it was." in text
    assert "<b>Styles</b>: It has no meaning in a chart." in text


def test_each_note_of_an_import_leads_to_its_place_and_is_only_text(page: Client) -> None:
    answer = upload(page, b"stateDiagram-v2\n[*] --> a\na --> b : <img src=x> comes in\n", "a.mmd", title="A")
    text = page.get(answer.url).content.decode()
    assert '<a href="/machines/a/design?select=a">a</a>' in text
    assert "<img" not in text
    assert "&lt;img src=x&gt;" in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mmd", b"stateDiagram-v2\n[*] --> a\na : x\x00y\n"),
        ("a.json", b'{"id": "a", "initial": "b", "description": "\\u0000", "states": {"b": {}}}'),
        ("a.txt", b"hello"),
        ("a.xml", b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><scxml>&e;</scxml>"),
    ],
)
def test_a_file_of_another_tool_that_cannot_be_kept_is_refused(page: Client, name: str, content: bytes) -> None:
    answer = upload(page, content, name, title="A")
    assert answer.status_code == 422
    assert "f-file-err" in answer.content.decode()
    assert not Machine.objects.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"signalbox": 1, "states": 5}', b'{"a": 1, "a": 2}', b" " * 1_000_001]
)
def test_a_file_that_is_no_chart_is_refused_at_its_field(page: Client, content: bytes) -> None:
    answer = upload(page, content)
    assert answer.status_code == 422
    assert "f-file-err" in answer.content.decode()
    assert not Machine.objects.exists()


@pytest.mark.parametrize("title", ["x" * 121, "   "])
def test_a_file_whose_title_does_not_fit_is_refused_at_the_title(page: Client, title: str) -> None:
    answer = upload(page, json.dumps({**DRAFT, "title": title}).encode())
    assert answer.status_code == 422
    assert "f-import-title-err" in answer.content.decode()
    assert not Machine.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_new_machine_that_finds_no_free_slug_is_refused_at_the_title(
    transactional_db: None, page: Client, owner: User
) -> None:
    """Every slug this machine tries was taken by somebody else a moment before."""
    with ThreadPoolExecutor(1) as other:

        def take(instance: Machine, **_: object) -> None:
            taken = Machine(slug=instance.slug, title="Taken", owner=owner, draft=DRAFT)
            other.submit(Machine.objects.bulk_create, [taken]).result()

        pre_save.connect(take, sender=Machine)
        try:
            answer = page.post(reverse("designer:new"), {"title": "Copy", "template": ""})
        finally:
            pre_save.disconnect(take, sender=Machine)
            other.submit(connections.close_all).result()
    assert answer.status_code == 422
    assert "choose another title" in answer.content.decode()
    assert not Machine.objects.filter(title="Copy").exists()


def test_broken_json_names_its_line(page: Client) -> None:
    assert "line 3" in upload(page, b'{\n"signalbox": 1,\n"states" {}\n}').content.decode()


def test_publishing_says_what_and_makes_the_version(page: Client, post: Post, machine: Machine) -> None:
    question = page.get(reverse("designer:publish", args=[machine.slug])).content.decode()
    assert "Publish version 1" in question
    assert "3 states and 3 transitions" in question
    assert "Version 1 is published" in post("publish", notes="First").content.decode()
    assert Version.objects.get().notes == "First"
    assert "Nothing new to publish" in page.get(reverse("designer:publish", args=[machine.slug])).content.decode()


def test_a_second_version_lists_what_changed(page: Client, post: Post, machine: Machine) -> None:
    post("publish")
    post("add-state", title="Archived", type="final")
    post("add-transition", owner="draft", kind="on", event="drop", target="archived")
    text = page.get(reverse("designer:publish", args=[machine.slug])).content.decode()
    assert "<b>Added:</b> Archived" in text
    assert "<b>Changed:</b> Draft" in text


def test_an_invalid_draft_cannot_be_published_and_says_why(page: Client, post: Post, machine: Machine) -> None:
    Machine.objects.filter(pk=machine.pk).update(draft={**DRAFT, "initial": "nowhere"})
    text = post("publish").content.decode()
    assert "cannot be published yet" in text
    assert "nowhere" in text
    assert not Version.objects.exists()


def test_a_draft_that_moved_on_is_not_published_unseen(post: Post, machine: Machine) -> None:
    post("add-state", title="Unseen", type="final")
    assert post("publish", revision=0).status_code == 409
    assert not Version.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_moves_while_it_is_published_is_not_published_unseen(
    transactional_db: None, post: Post, machine: Machine
) -> None:
    """The other's edit is committed after the view has read the machine and before it has the lock."""

    def publish() -> int:
        try:
            return post("publish", revision=0).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Machine.objects.select_for_update().get(pk=machine.pk)
            answer = pool.submit(publish)
            wait_for(_someone_waits, "the view asks for the lock")
            Machine.objects.filter(pk=machine.pk).update(draft_revision=1)
        assert answer.result() == 409
    assert not Version.objects.exists()


def _someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return bool(cursor.rowcount)


def test_an_instance_is_started_once_per_key(post: Post, machine: Machine) -> None:
    assert "Not published yet" in post("start", key="A-1").content.decode()
    post("publish")
    assert "Instance A-1 is started" in post("start", key="A-1", context='{"tries": 2}').content.decode()
    assert "was there already" in post("start", key="A-1", context='{"tries": 2}').content.decode()
    assert Instance.objects.get().key == "A-1"


@pytest.mark.parametrize(("key", "context"), [("", "{}"), ("A", "[1]"), ("A", "{"), ("x" * 201, "")])
def test_a_wrong_start_starts_nothing(post: Post, machine: Machine, key: str, context: str) -> None:
    post("publish")
    assert "err" in post("start", key=key, context=context).content.decode()
    assert not Instance.objects.exists()


def test_versions_are_listed_newest_first(page: Client, post: Post, machine: Machine, owner: User) -> None:
    post("publish", notes="First one")
    post("add-state", title="Archived", type="final")
    post("add-transition", owner="draft", kind="on", event="drop", target="archived")
    post("publish", notes="Second one")
    text = page.get(reverse("designer:versions", args=[machine.slug])).content.decode()
    assert text.index("Second one") < text.index("First one")
    assert (
        json.loads(page.get(reverse("designer:export", args=[machine.slug]), {"version": "1"}).content)["id"]
        == machine.slug
    )
    assert page.get(reverse("designer:export", args=[machine.slug]), {"version": "9"}).status_code == 404
