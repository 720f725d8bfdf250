"""The list of machines, making one, importing, publishing and starting."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from designer.gallery.load import gallery_entries
from orchestrator.definitions.models import Machine, Version
from orchestrator.runtime.models import Instance
from tests.designer.conftest import DRAFT, Post


def upload(page: Client, content: bytes, **values: str) -> Any:
    return page.post(reverse("designer:import"), {"file": SimpleUploadedFile("chart.json", content), **values})


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
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"signalbox": 1, "states": 5}', b'{"a": 1, "a": 2}', b" " * 1_000_001]
)
def test_a_file_that_is_no_chart_is_refused_at_its_field(page: Client, content: bytes) -> None:
    answer = upload(page, content)
    assert answer.status_code == 422
    assert "f-file-err" in answer.content.decode()
    assert not Machine.objects.exists()


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
