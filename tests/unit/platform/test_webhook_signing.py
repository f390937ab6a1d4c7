"""Signatures of webhooks, held against the convention and its own library."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from amends_platform.webhooks.signing import secret_bytes, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "B" * 32


def test_a_secret_signs_as_the_convention_says() -> None:
    """Source: Standard Webhooks 1.0, the example of a signature."""
    headers = signed_headers(
        [secret_bytes(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_several_secrets_sign_each_for_itself() -> None:
    body = '{"type": "ping", "data": {"name": "客户"}}'.encode()
    headers = signed_headers([secret_bytes(OTHER), secret_bytes(SECRET)], "id", int(time.time()), body)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(body, headers)["type"] == "ping"


def test_what_the_documentation_shows_to_receivers_verifies_and_refuses() -> None:
    text = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text("utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "def verified" in block]
    shown: dict[str, Any] = {}
    exec(code, shown)
    body = b'{"type": "ping"}'
    now = int(time.time())
    headers = signed_headers([secret_bytes(OTHER), secret_bytes(SECRET)], "id", now, body)
    assert shown["verified"](SECRET, headers, body) == {"type": "ping"}
    for secret, when, content in (("whsec_" + "C" * 32, now, body), (SECRET, now - 301, body), (SECRET, now, b"{}")):
        changed = headers | {"webhook-timestamp": str(when)}
        with pytest.raises(ValueError):
            shown["verified"](secret, changed, content)
