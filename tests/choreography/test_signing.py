"""What was signed is verified under any of its keys; what anybody changed on the way is not."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.choreography.signing import TOLERANCE, SignatureError, SigningError, keys_of, sign, verify

KEYS = st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=5, unique=True)
NOW = 1_767_603_600
# The example of the specification's own libraries.
EXAMPLE = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    1614265330,
    b'{"test": 2432232314}',
)


def secret(*keys: bytes) -> str:
    return " ".join(f"whsec_{base64.b64encode(key).decode()}" for key in keys)


def fails(keys: list[bytes], message: str, timestamp: str, signature: str, body: bytes) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(keys, message, timestamp, signature, body, NOW)
    return caught.value.field


def changed(data: st.DataObject, text: bytes) -> bytes:
    """The text with one byte of it changed."""
    place = data.draw(st.integers(0, len(text) - 1))
    return text[:place] + bytes([text[place] ^ data.draw(st.integers(1, 127))]) + text[place + 1 :]


def test_the_signature_is_that_of_the_specification() -> None:
    key, message, timestamp, body = EXAMPLE
    assert sign(keys_of(key), message, timestamp, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_lines_of_the_documentation_verify_what_is_signed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    defined: dict[str, Any] = {}
    exec(code, defined)
    now, key = int(time.time()), secret(b"k" * 32)
    signature = sign([b"o" * 32, *keys_of(key)], "m", now, b"{}")
    headers = {"webhook-id": "m", "webhook-timestamp": str(now), "webhook-signature": signature}
    assert defined["verified"](key, headers, b"{}")
    assert not defined["verified"](key, headers, b"[]")
    assert not defined["verified"](key, {**headers, "webhook-timestamp": str(now - 301)}, b"{}")


@given(KEYS, st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_byte_of_id_time_body_or_signature_is_noticed(
    keys: list[bytes], body: bytes, data: st.DataObject
) -> None:
    signature = sign(keys[:1], "msg_1", NOW, body)
    verify(keys, "msg_1", str(NOW), signature, body, NOW)
    fails(keys, "msg_1", str(NOW), signature, changed(data, body))
    fails(keys, changed(data, b"msg_1").decode(), str(NOW), signature, body)
    fails(keys, "msg_1", changed(data, str(NOW).encode()).decode(), signature, body)
    fails(keys, "msg_1", str(NOW), changed(data, signature.encode()).decode(), body)
    fails(keys, "msg_1", str(NOW), signature, body + b" ")


@given(KEYS, KEYS)
def test_while_keys_rotate_one_in_common_is_enough(old: list[bytes], new: list[bytes]) -> None:
    signature = sign(old, "m", NOW, b"{}")
    assert len(signature.split()) == len(old)
    if set(old) & set(new):
        verify(new, "m", str(NOW), signature, b"{}", NOW)
    else:
        fails(new, "m", str(NOW), signature, b"{}")
    verify([*new, old[-1]], "m", str(NOW), f"v2,else {signature}", b"{}", NOW)


@pytest.mark.parametrize("seconds", [-TOLERANCE - 1, TOLERANCE + 1])
def test_what_was_signed_too_long_ago_or_ahead_is_refused(seconds: int) -> None:
    keys = [b"k" * 32]
    late, edge = NOW + seconds, NOW + seconds // abs(seconds) * TOLERANCE
    assert fails(keys, "m", str(late), sign(keys, "m", late, b""), b"") == "webhook-timestamp"
    verify(keys, "m", str(edge), sign(keys, "m", edge, b""), b"", NOW)


def test_a_part_of_the_body_cannot_pass_for_the_id_or_the_time() -> None:
    keys = [b"k" * 32]
    signature = sign(keys, "a", NOW, f"{NOW}.5".encode())
    assert fails(keys, f"a.{NOW}", str(NOW), signature, b"5") == "webhook-id"


@pytest.mark.parametrize("message", ["", "a b", "a\n", "é", "x" * 201])
def test_an_id_that_cannot_be_kept_is_refused(message: str) -> None:
    assert fails([b"k" * 32], message, str(NOW), "v1,x", b"") == "webhook-id"


@given(KEYS)
def test_a_secret_holds_its_keys_in_order(keys: list[bytes]) -> None:
    assert keys_of(f" {secret(*keys)}\n") == keys


@pytest.mark.parametrize(
    "text",
    ["", "hunter2-hunter2", "whsec_hunter2!", secret(b"k" * 23), secret(b"k" * 65), secret(*[b"k" * 24] * 6),
     secret(b"k" * 24).removeprefix("whsec_"), f"{secret(b'k' * 24)} hunter2"],
)  # fmt: skip
def test_what_is_no_key_is_refused_without_naming_it(text: str) -> None:
    with pytest.raises(SigningError) as caught:
        keys_of(text)
    assert str(caught.value).startswith("the secret is no signing key: it must be whsec_ and the Base64 of")
    assert not text or text not in str(caught.value)
