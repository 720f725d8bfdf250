"""Secrets go to the host and nowhere else: not into any table, log, page, answer or export, whatever fails."""

from __future__ import annotations

import base64
import io
import json
import logging
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from orchestrator.api import tokens
from orchestrator.definitions.models import Machine
from orchestrator.formats.registry import FORMATS
from orchestrator.runtime import vault
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, send, start
from orchestrator.runtime.models import ActivityRun, Instance, Secret
from orchestrator.runtime.perform import perform
from orchestrator.runtime.veil import Veil
from orchestrator.sdk.activities import ActivityFailed, activity
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.document import parse
from tests.runtime.conftest import Publish
from tests.runtime.test_http_activity import Handler, server  # noqa: F401 the fixture

VALUE = 'ab"c/d&e-Zürich+0123456789'
FORMS = [VALUE, json.dumps(VALUE)[1:-1], quote(VALUE), quote(VALUE, safe=""), base64.b64encode(VALUE.encode()).decode()]
REF = "{{secret:KEY}}"
given_away: list[str] = []


@activity("tests.tell")
def tell(token: str, how: str) -> JSON:
    given_away.append(token)
    match how:
        case "fail":
            raise ActivityFailed(f"{token} was refused", f"Bad{token}")
        case "raise":
            raise RuntimeError(f"cannot use {token!r}")
    return {"token": token, token: [base64.b64encode(token.encode()).decode(), quote(token, safe="")], "ok": 1}


@pytest.fixture(autouse=True)
def own_keys(settings: Settings, tmp_path: Path) -> None:
    settings.SECRETS_FILE = tmp_path / "secrets-keys"
    settings.SECRETS_KEYS = []
    given_away.clear()


def keep(machine: Machine, name: str = "KEY", value: str = VALUE) -> None:
    vault.store(name, value, "test").machines.add(machine)


def work(**activity: Any) -> dict[str, Any]:
    return {"invoke": [{"id": "do", "title": "Do", "result": "got", "onDone": [{"target": "done"}], **activity}]}


def http(url: str, **given: Any) -> dict[str, Any]:
    return work(kind="http", input={"url": url, "method": "POST", **given})


def python(how: str, **more: Any) -> dict[str, Any]:
    return work(kind="python", input={"callable": "tests.tell", "args": {"token": REF, "how": how}}, **more)


def run(machine: Machine, key: str = "a", **context: JSON) -> str:
    """Start an instance and perform what it asks for; gives the verdict."""
    started = start(StartRequest(machine.slug, key, context))
    drain()
    verdict = perform(ActivityRun.objects.filter(instance=started.instance).latest("pk").pk)
    drain()
    return verdict


def database() -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
        rows: list[str] = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            rows.extend(row[0] for row in cursor.fetchall())
    return "\n".join(rows)


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


def shown(machine: Machine) -> str:
    """What the pages, the API and the exports show of a machine and its instance to somebody who may see all."""
    root = get_user_model().objects.create_superuser("root", password="pw")
    _, token = tokens.issue(root, "ci")
    browser, program = Client(), Client(headers={"Authorization": f"Bearer {token}"})
    browser.force_login(root)
    instance, secret = Instance.objects.latest("pk").pk, Secret.objects.get(name="KEY").pk
    pages = [
        reverse("admin:operations_instance", args=[instance]),
        reverse("admin:operations_incidents") + "?all=1",
        reverse("admin:runtime_secret_changelist"),
        reverse("admin:runtime_secret_change", args=[secret]),
        reverse("admin:runtime_secret_history", args=[secret]),
        reverse("designer:design", args=[machine.slug]) + "?select=draft/invoke/0",
        reverse("designer:export", args=[machine.slug]),
    ]
    answers = [browser.get(page) for page in pages]
    answers += [program.get(f"/api/v1/instances/{instance}{part}") for part in ("", "/journal")]
    assert {answer.status_code for answer in answers} == {200}
    texts = [answer.content.decode() for answer in answers]
    chart = parse(machine.draft)
    return "\n".join([*texts, *(f.write(chart).text for f in FORMATS.values() if f.write is not None)])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("draft", "verdict"),
    [
        (http("{server}/echo", headers={"X-Token": f"Bearer {REF}"}, json={"a": [REF]}), "failed"),
        (http("{server}/echo?k=" + REF.replace("KEY", "PLAIN"), body=f"token={REF}"), "done"),
        (http("{server}/echo", body=REF, response={"all": "body"}), "done"),
        (http("{server}/echo", headers={"Authorization": "Bearer " + REF.replace("KEY", "PLAIN")}), "done"),
        (http("{server}/503", body=REF), "failed"),
        (http("{server}/echo", body=REF, success="body.sent == 'x'"), "failed"),
        (http("http://{{{{secret:KEY}}}}.invalid/"), "failed"),
        (python("give"), "done"),
        (python("fail"), "failed"),
        (python("raise"), "failed"),
    ],
)
def test_no_value_is_found_anywhere_after_a_success_and_after_a_failure(
    publish: Publish,
    server: str,  # noqa: F811 the fixture
    caplog: pytest.LogCaptureFixture,
    draft: dict[str, Any],
    verdict: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    url = draft["invoke"][0]["input"].get("url")
    filled = {"url": url.replace("{server}", server).replace("{{{{", "{{").replace("}}}}", "}}")} if url else {}
    draft["invoke"][0]["input"].update(filled)
    machine = publish(draft=draft)
    keep(machine)
    keep(machine, "PLAIN", "plain-0123456789")
    assert run(machine) == verdict
    stored = database()
    assert leaks(stored) + leaks(caplog.text) + leaks(shown(machine)) == []
    assert "plain-0123456789" not in stored + caplog.text
    assert REF in stored or "PLAIN" in stored, "the name stands in the chart"


@pytest.mark.django_db(transaction=True)
def test_the_host_and_the_callable_receive_the_value(publish: Publish, server: str) -> None:  # noqa: F811
    machine = publish(draft=http(f"{server}/echo", json={"a": [f"<{REF}>", "${context.name}"]}))
    keep(machine)
    assert run(machine, name="Ann") == "done"
    assert json.loads(Handler.seen[-1][2]) == {"a": [f"<{VALUE}>", "Ann"]}
    kept = json.loads(Instance.objects.get().snapshot)["context"]["got"]["body"]["sent"]
    assert json.loads(kept) == {"a": ["<[secret]>", "Ann"]}
    other = publish(draft=python("give"))
    keep(other)
    assert run(other) == "done"
    assert given_away == [VALUE]


@pytest.mark.django_db(transaction=True)
def test_a_machine_that_may_not_use_a_secret_is_not_told_of_it(publish: Publish) -> None:
    allowed, other, unknown = publish(draft=python("give")), publish(draft=python("give")), publish()
    keep(allowed)
    assert [run(allowed), run(other)] == ["done", "failed"]
    errors = [ActivityRun.objects.latest("pk").last_error]
    Secret.objects.all().delete()
    assert run(other, "b") == "failed"
    errors.append(ActivityRun.objects.latest("pk").last_error)
    assert errors[0] == errors[1]
    assert errors[0].startswith("UnknownSecret: ")
    assert given_away == [VALUE]
    assert unknown.slug not in errors[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("injected", [REF, "{{secret:", "{{secret:OTHER}}"])
def test_data_cannot_name_a_secret(publish: Publish, server: str, injected: str) -> None:  # noqa: F811
    machine = publish(draft=http(f"{server}/echo", headers={"X-Note": "${context.note}"}, json={"key": REF}))
    keep(machine)
    keep(machine, "OTHER", "other-0123456789")
    assert run(machine, note=injected) == "failed"
    assert ActivityRun.objects.get().last_error.startswith("InvalidInput: ")
    assert Handler.seen == []


@pytest.mark.django_db(transaction=True)
def test_what_customers_write_is_sent_by_mail_as_it_is(publish: Publish, mailoutbox: list[Any]) -> None:
    given = {"to": "a@example.com", "subject": "Note", "text": "${context.note}"}
    assert run(publish(draft=work(kind="email", input=given)), note=REF) == "done"
    assert mailoutbox[0].body == REF


@pytest.mark.django_db(transaction=True)
def test_a_compensation_has_its_own_references(publish: Publish) -> None:
    undo = {
        "kind": "python",
        "title": "Undo",
        "input": {"callable": "tests.tell", "args": {"token": REF, "how": "give"}},
    }
    first = work(kind="python", input={"callable": "tests.tell", "args": {"token": "none", "how": "give"}})
    first["invoke"][0] |= {"compensate": undo, "onDone": [{"target": "review"}]}
    back = {"on": [{"event": "back", "target": "undoing"}]}
    undoing = {"entry": [{"type": "compensate"}], "on": [{"event": "done.compensate", "target": "done"}]}
    machine = publish(draft=first, review=back, undoing=undoing)
    keep(machine)
    assert run(machine) == "done"
    send(EventRequest("back", instance=Instance.objects.get().pk))
    drain()
    assert perform(ActivityRun.objects.latest("pk").pk) == "done"
    assert given_away == ["none", VALUE]
    assert leaks(database()) == []


@pytest.mark.django_db
def test_a_rotation_encrypts_all_anew_and_the_old_key_reads_nothing(publish: Publish, settings: Settings) -> None:
    machine = publish()
    keep(machine)
    old, sealed = vault.keys(), Secret.objects.get().value
    assert Fernet(old[0]).decrypt(sealed.encode()).decode().endswith(VALUE)
    assert vault.rotate() == 1
    fresh = Secret.objects.get().value
    assert (fresh != sealed, len(vault.keys()), vault.keys() != old) == (True, 1, True)
    assert vault.opened(["KEY"], machine.pk) == {"KEY": VALUE}
    with pytest.raises(InvalidToken):
        Fernet(old[0]).decrypt(fresh.encode())
    Path(settings.SECRETS_FILE).write_text(old[0])
    with pytest.raises(vault.VaultError):
        vault.opened(["KEY"], machine.pk)


@pytest.mark.django_db
def test_keys_of_the_environment_rotate_by_their_order(publish: Publish, settings: Settings) -> None:
    machine, first, second = publish(), Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECRETS_KEYS = [first]
    keep(machine)
    settings.SECRETS_KEYS = [second, first]
    assert vault.rotate() == 1
    settings.SECRETS_KEYS = [second]
    assert vault.opened(["KEY"], machine.pk) == {"KEY": VALUE}
    settings.SECRETS_KEYS = [first]
    with pytest.raises(vault.VaultError):
        vault.rotate()
    settings.SECRETS_KEYS = ["short"]
    with pytest.raises(vault.VaultError, match="Fernet keys"):
        vault.opened(["KEY"], machine.pk)
    assert not Path(settings.SECRETS_FILE).exists()


@pytest.mark.django_db(transaction=True)
def test_values_that_are_written_while_the_keys_change_can_be_read(publish: Publish) -> None:
    machine, failed = publish(), list[BaseException]()

    def write() -> None:
        try:
            for number in range(10):
                keep(machine, f"K{number}")
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(6):
        vault.rotate()
    writer.join(20)
    assert failed == []
    assert vault.opened([f"K{number}" for number in range(10)], machine.pk) == {f"K{n}": VALUE for n in range(10)}


@pytest.mark.django_db
def test_a_row_cannot_be_read_under_the_name_of_another(publish: Publish) -> None:
    machine = publish()
    keep(machine)
    keep(machine, "OTHER", "other-0123456789")
    Secret.objects.filter(name="OTHER").update(value=Secret.objects.get(name="KEY").value)
    with pytest.raises(vault.VaultError):
        vault.opened(["OTHER"], machine.pk)


@given(st.text(min_size=8, max_size=30), st.recursive(st.text(max_size=5), lambda i: st.lists(i, max_size=3)))
def test_a_veil_hides_its_value_in_whatever_holds_it(value: str, around: JSON) -> None:
    veiled = json.loads(Veil([value]).result(json.dumps({"a": [value, f"<{value}>", around], f"k{value}": 1})))
    assert veiled["a"][:2] == ["[secret]", "<[secret]>"]
    assert veiled["k[secret]"] == 1


def test_the_parts_of_an_address_are_hidden_too() -> None:
    assert Veil(["user:pass-word-1"]).text("Invalid port: 'pass-word-1' of user") == "Invalid port: '[secret]' of user"


def test_a_number_that_is_a_secret_is_hidden_too() -> None:
    assert Veil(["12345678"]).result('{"pin":12345678,"n":1,"yes":true,"no":null}') == (
        '{"pin":"[secret]","n":1,"yes":true,"no":null}'
    )
    assert Veil().result('{"n": 1.50}') == '{"n": 1.50}', "without secrets a result stays as it is"


def shell(monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = "") -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    out = io.StringIO()
    call_command("secrets", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_secrets_are_kept_listed_allowed_and_deleted_in_the_shell(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, other = publish(), publish()
    said = shell(monkeypatch, "set", "KEY", "--machine", machine.slug, typed=f"{VALUE}\n")
    said += shell(monkeypatch, "allow", "KEY", "--machine", other.slug)
    said += shell(monkeypatch, "list")
    assert (VALUE in said, machine.slug in said, other.slug in said) == (False, True, True)
    assert vault.opened(["KEY"], other.pk) == {"KEY": VALUE}
    shell(monkeypatch, "deny", "KEY", "--machine", other.slug)
    assert vault.opened(["KEY"], other.pk) == {}
    assert "1 secret is encrypted anew" in shell(monkeypatch, "rotate")
    shell(monkeypatch, "delete", "KEY")
    assert "There are no secrets." in shell(monkeypatch, "list")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["set", "1KEY"], VALUE, "a name begins with a letter"),
        (["set", "KEY"], "short", "8 to 10,000"),
        (["set", "KEY"], "x" * 10_001, "8 to 10,000"),
        (["set", "KEY", "--machine", "nowhere"], VALUE, "There is no machine"),
        (["delete", "KEY"], "", "There is no secret"),
    ],
)
def test_what_cannot_be_kept_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], typed: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        shell(monkeypatch, *arguments, typed=typed)
    assert not Secret.objects.exists()


@pytest.mark.django_db
def test_a_value_is_typed_into_the_administration_and_never_shown(publish: Publish) -> None:
    machine = publish()
    root = get_user_model().objects.create_superuser("root", password="pw")
    client = Client()
    client.force_login(root)
    add = reverse("admin:runtime_secret_add")
    wrong = client.post(add, {"name": "KEY", "new_value": "sh0rt!!", "machines": [machine.pk]})
    assert (wrong.status_code, "8 to 10,000 characters" in wrong.content.decode()) == (200, True)
    assert "sh0rt!!" not in wrong.content.decode()
    client.post(add, {"name": "KEY", "new_value": VALUE, "machines": [machine.pk]})
    assert vault.opened(["KEY"], machine.pk) == {"KEY": VALUE}
    change = reverse("admin:runtime_secret_change", args=[Secret.objects.get().pk])
    client.post(change, {"new_value": "", "machines": []})
    assert vault.opened(["KEY"], machine.pk) == {}
    client.post(change, {"new_value": "another-value", "machines": [machine.pk], "name": "OTHER"})
    assert vault.opened(["KEY"], machine.pk) == {"KEY": "another-value"}
    page = client.get(change).content.decode()
    assert ("another-value" in page, Secret.objects.get().value in page, Secret.objects.get().updated_by) == (
        False,
        False,
        "user:root",
    )
