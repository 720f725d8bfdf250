"""Tokens: hashed, revocable, and only as far-reaching as their user."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from orchestrator.api import tokens
from orchestrator.api.models import ApiToken
from orchestrator.definitions.models import Machine
from tests.api.cast import Caller, stored


def test_only_the_hash_is_stored(ada: User) -> None:
    token, secret = tokens.issue(ada, "ci")
    assert secret.startswith(token.prefix)
    assert len(token.prefix) < 12 < len(secret)
    assert all(secret not in str(value) for value in ApiToken.objects.values_list().get(pk=token.pk))
    assert tokens.check(secret) == token


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer sbx_wrong", "Basic abc", "Bearer sbx_\u00e9", "sbx_x"]
)
def test_without_a_valid_token_there_is_401_in_the_one_shape(db: None, header: str) -> None:
    response = Client().get("/api/v1/machines", headers={"Authorization": header})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthorized"


def test_revoked_expired_and_inactive_tokens_are_refused(ada: User) -> None:
    callers = [Caller(ada, name) for name in ("revoked", "expired")]
    tokens.revoke(callers[0].token)
    ApiToken.objects.filter(pk=callers[1].token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert [caller.get("/machines")[0] for caller in callers] == [401, 401]
    third = Caller(ada)
    assert third.get("/machines")[0] == 200
    User.objects.update(is_active=False)
    assert third.get("/machines")[0] == 401


def test_use_is_written_at_most_once_a_minute(caller: Caller) -> None:
    caller.get("/machines")
    first = ApiToken.objects.get().last_used_at
    caller.get("/machines")
    assert first is not None
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    caller.get("/machines")
    again = ApiToken.objects.get().last_used_at
    assert again is not None
    assert again >= first


def test_a_machine_of_others_does_not_exist_for_a_stranger(machine: Machine, caller: Caller) -> None:
    _, started = caller.post("/machines/parcel/instances", {"key": "p1"})
    stranger = Caller(User.objects.create_user("eve"))
    before = stored()
    pk = started["id"]
    refused = [
        stranger.get("/machines/parcel/summary"),
        stranger.get("/machines/parcel/instances"),
        stranger.get(f"/instances/{pk}"),
        stranger.get(f"/instances/{pk}/journal"),
        stranger.post("/machines/parcel/instances", {"key": "p2"}),
        stranger.post("/machines/parcel/events", {"events": [{"instance": "p1", "event": "collect"}]}),
        stranger.post(f"/instances/{pk}/events", {"event": "collect"}),
    ]
    assert [status for status, _ in refused] == [404] * 7
    assert stranger.get("/machines") == (200, {"machines": []})
    assert stored() == before


def test_who_may_only_see_cannot_act(machine: Machine, caller: Caller) -> None:
    _, started = caller.post("/machines/parcel/instances", {"key": "p1"})
    user = User.objects.create_user("viewer")
    user.user_permissions.set(Permission.objects.filter(codename="view_machine"))
    viewer = Caller(user)
    before = stored()
    assert viewer.get(f"/instances/{started['id']}")[0] == 200
    assert viewer.post("/machines/parcel/instances", {"key": "p2"})[0] == 404
    assert viewer.post("/machines/parcel/events", {"events": [{"instance": "p1", "event": "collect"}]})[0] == 404
    assert viewer.post(f"/instances/{started['id']}/events", {"event": "collect"})[0] == 404
    assert stored() == before


def test_the_command_prints_the_secret_once(ada: User) -> None:
    out = StringIO()
    call_command("token", user="ada", name="ci", stdout=out)
    token = tokens.check(out.getvalue().strip())
    assert token is not None
    assert (token.user, token.name) == (ada, "ci")


def test_the_command_refuses_in_one_sentence(ada: User) -> None:
    with pytest.raises(CommandError, match="no active user “bob”"):
        call_command("token", user="bob", name="ci")
    with pytest.raises(CommandError, match="1 to 80"):
        call_command("token", user="ada", name=" ")
    assert not ApiToken.objects.exists()
