"""Signing in at the provider, as far as it is a matter of texts: what is asked, what comes back, who asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from amends_platform.identity.oidc.authorizing import (
    BrokenOff,
    Endpoints,
    NotBegunHere,
    address,
    begun,
    code_of,
    resumed,
)
from amends_platform.identity.oidc.client import Client, secret_of
from amends_platform.identity.oidc.provider import load_provider
from amends_platform.identity.sessions import SIGN_IN_SECONDS_MAX
from amends_platform.production import check_start, unsafe_settings
from amends_platform.settings import Settings, SettingsError
from amends_platform.yaml_files import YamlFileError

ISSUER = "https://login.bank.example"
ENDPOINTS = Endpoints(f"{ISSUER}/authorize?realm=bank", f"{ISSUER}/token", False, False)
CLIENT = Client("console", "https://desk.bank.example")
FILE = f"issuer: {ISSUER}\naudience: amends\nconsole: "


def test_only_the_browser_that_began_ends_it_within_ten_minutes() -> None:
    sign_in, other = begun("/board?late=1", 1_000.7), begun("/board?late=1", 1_000.7)
    brought = {"state": sign_in.state}
    assert resumed(sign_in.cookie, brought, 1_000.7) == sign_in
    assert resumed(sign_in.cookie, brought, 1_000 + SIGN_IN_SECONDS_MAX - 1) == sign_in
    elsewhere, later = replace(sign_in, next_path="/audit"), replace(sign_in, begun_at=2_000)
    for cookie in (None, "", "1.2.3", other.cookie, elsewhere.cookie, later.cookie, sign_in.cookie + "\u00e9"):
        with pytest.raises(NotBegunHere):
            resumed(cookie, brought, 1_001)
    for state in ("", "x", "\u00e9", other.state, sign_in.nonce):
        with pytest.raises(NotBegunHere):
            resumed(sign_in.cookie, {"state": state}, 1_001)
    for now in (999, 1_000 + SIGN_IN_SECONDS_MAX):
        with pytest.raises(NotBegunHere, match="too long ago"):
            resumed(sign_in.cookie, brought, now)


def test_what_is_asked_tells_neither_the_secret_nor_the_verifier() -> None:
    sign_in = begun("/", 1_000)
    sent = address(sign_in, ENDPOINTS, CLIENT)
    assert sent.startswith(f"{ISSUER}/authorize?realm=bank&response_type=code&")
    assert sign_in.secret not in sent
    assert sign_in.verifier not in sent
    asked = parse_qs(urlsplit(sent).query)
    assert len({sign_in.state, sign_in.nonce, sign_in.verifier, *asked["code_challenge"]}) == 4
    assert asked["redirect_uri"] == ["https://desk.bank.example/sign-in/callback"]
    # As long as RFC 7636 wants it, and a cookie that browsers keep.
    assert len(sign_in.verifier) == 43
    assert len(begun("/" + "a" * 999, 1).cookie) < 2_000
    assert begun("/" + "a" * 1_000, 1).next_path == "/"


@pytest.mark.parametrize(
    ("brought", "promised", "denied"),
    [
        ({"code": "c", "iss": "https://evil.example"}, False, False),
        ({"code": "c", "iss": ""}, False, False),
        ({"code": "c"}, True, False),
        ({"error": "access_denied"}, False, True),
        ({"error": "access_denied", "iss": "https://evil.example"}, False, False),
        ({"error": "server_error", "code": "c"}, False, False),
        ({"error": ""}, False, False),
        ({}, False, False),
        ({"code": "c" * 5_000}, False, False),
        ({"code": "c\r\n"}, False, False),
    ],
)
def test_who_brings_no_code_of_this_provider_is_let_in_by_none(
    brought: dict[str, str], promised: bool, denied: bool
) -> None:
    with pytest.raises(BrokenOff) as refused:
        code_of(brought, ENDPOINTS._replace(says_who_answers=promised), ISSUER)
    assert refused.value.denied is denied


def test_a_code_is_taken_from_the_provider_whether_it_names_itself_or_not() -> None:
    assert code_of({"code": "c"}, ENDPOINTS, ISSUER) == "c"
    assert code_of({"code": "c", "iss": ISSUER}, ENDPOINTS._replace(says_who_answers=True), ISSUER) == "c"


def test_the_file_tells_the_client(tmp_path: Path) -> None:
    file = tmp_path / "oidc.yaml"
    file.write_text(
        FILE + "{client_id: c-1, public_url: 'https://desk.bank.example/', client_secret_file: s, scopes: [profile]}\n"
    )
    client = load_provider(file).console
    assert client == Client("c-1", "https://desk.bank.example", tmp_path / "s", ("openid", "profile"))
    # Intake has the file and not the secret.
    settings = Settings.load(oidc=file, mode="development")
    check_start(settings, "intake")
    with pytest.raises(SettingsError, match=r"AMENDS_OIDC: client_secret_file: .* cannot be read"):
        check_start(settings, "workflow")
    (tmp_path / "s").write_text("secret\n")
    check_start(settings, "workflow")
    assert secret_of(client) == "secret"
    assert secret_of(CLIENT) is None


@pytest.mark.parametrize(
    ("console", "says"),
    [
        ("{client_id: c}", "console: 'public_url' is missing"),
        ("{client_id: 'a b', public_url: 'https://d.example'}", "console.client_id"),
        ("{client_id: c, public_url: 'http://d.example'}", "expected an https URL"),
        ("{client_id: c, public_url: 'https://d.example/console'}", "no path"),
        ("{client_id: c, public_url: 'https://d.example?a=b'}", "no path"),
        ("{client_id: c, public_url: 'https://d.example', scopes: ['a b']}", "expected scopes"),
        ("{client_id: c, public_url: 'https://d.example', client_secret: s}", "client_secret"),
    ],
)
def test_a_client_that_cannot_be_is_refused_with_its_place(tmp_path: Path, console: str, says: str) -> None:
    file = tmp_path / "oidc.yaml"
    file.write_text(FILE + console + "\n")
    with pytest.raises(YamlFileError, match=says):
        load_provider(file)


def test_production_does_not_let_people_sign_in_without_https(tmp_path: Path) -> None:
    file = tmp_path / "oidc.yaml"
    file.write_text(FILE + "{client_id: c, public_url: 'http://localhost:8082'}\n")
    settings = Settings.load(oidc=file, data_dir=tmp_path)
    assert [str(each) for each in unsafe_settings(settings, load_provider(file)) if "signed in to" in each.found]
