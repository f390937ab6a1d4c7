"""The file of webhooks: read whole or refused whole, every mistake with its line and without a secret in it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from amends_platform.webhooks.endpoints import files_of, load_endpoints
from amends_platform.yaml_files import YamlFileError

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def written(directory: Path, text: str) -> Path:
    path = directory / "webhooks.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(directory: Path, text: str) -> list[str]:
    path = written(directory, text)
    with pytest.raises(YamlFileError) as refused:
        load_endpoints(path)
    return [line.removeprefix(f"{path}:") for line in str(refused.value).splitlines()]


def mistake(directory: Path, entry: str, *, secret: str = f"secret: {SECRET}") -> str:
    """The one mistake of an endpoint whose other lines are right."""
    url = "" if "url:" in entry else "url: https://example.com/hooks, "
    (line,) = mistakes(directory, f"endpoints:\n  - {{name: crm, {url}{secret}, {entry}}}\n")
    return line.partition(": ")[2]


def test_an_endpoint_needs_a_name_a_url_and_a_secret_and_gets_everything(tmp_path: Path) -> None:
    path = written(tmp_path, f"endpoints:\n  - name: crm\n    url: https://example.com/hooks\n    secret: {SECRET}\n")
    (endpoint,) = load_endpoints(path)
    assert (endpoint.name, endpoint.url, endpoint.secrets) == ("crm", "https://example.com/hooks", (KEY,))
    assert (endpoint.subjects, endpoint.branches) == ((">",), None)
    assert not endpoint.allow_http
    assert not endpoint.allow_private
    assert SECRET not in repr(endpoint)
    assert repr(KEY) not in repr(endpoint)


def test_a_file_without_endpoints_tells_nobody(tmp_path: Path) -> None:
    assert load_endpoints(written(tmp_path, "endpoints: []\n")) == ()


def test_secrets_come_from_a_file_beside_it_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crm.secret").write_text(f"{SECRET}\n{SECRET}\n")
    monkeypatch.setenv("CRM_SECRET", SECRET)
    path = written(
        tmp_path,
        "endpoints:\n"
        "  - {name: crm, url: 'https://example.com/a', secret_file: crm.secret}\n"
        "  - {name: erp, url: 'https://example.com/b', secret_env: CRM_SECRET}\n",
    )
    assert [len(endpoint.secrets) for endpoint in load_endpoints(path)] == [2, 1]
    assert files_of(path) == [path, tmp_path / "crm.secret"]


def test_kinds_and_types_become_subjects_none_of_which_holds_another(tmp_path: Path) -> None:
    events = "[breach.apology, breach, checkpoint, escalation.department_manager, apology-given]"
    path = written(
        tmp_path,
        f"endpoints:\n  - {{name: crm, url: 'https://example.com/', secret: {SECRET}, events: {events}}}\n",
    )
    (endpoint,) = load_endpoints(path)
    assert endpoint.subjects == (
        "audit.checkpoint",
        "breach.>",
        "escalation.department_manager",
        "event.apology-given",
    )


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        "endpoints:\n"
        "  - name: crm\n"
        "    url: http://example.com/hooks\n"
        f"    secret: {SECRET}\n"
        "    evnts: [breach]\n"
        "  - name: CRM\n"
        "    url: https://example.com/hooks\n"
        "  - name: crm\n"
        "    url: https://example.com/hooks\n"
        f"    secret: {SECRET}\n"
    )
    assert mistakes(tmp_path, text) == [
        "3:10: endpoints[0].url: expected https; `allow_http: true` is for development",
        "5:5: endpoints[0].evnts: unknown key 'evnts': did you mean 'events'?",
        "6:5: endpoints[1]: expected one of secret_file, secret_env and secret",
        "6:11: endpoints[1].name: expected a name of small letters, digits and hyphens, 40 at most, not 'CRM'",
        "8:5: endpoints[2]: the name 'crm' is given twice",
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://user:pw@example.com/", "without user and password"),
        ("https://example.com/#here", "without #"),
        ("ftp://example.com/", "expected an https URL"),
        ("https:///hooks", "expected an https URL"),
        ("https://example.com:0/", "expected an https URL"),
        ("https://example.com:99999/", "expected an https URL"),
        ("https://[::1/", "expected an https URL"),
        ("https://[fe80::1%25eth0]/", "expected an https URL"),
        ("https://exa%6dple.com/", "expected an https URL"),
        ("https://exa|mple.com/", "expected an https URL"),
        ("https://example.com\\\\@127.0.0.1/", "backslashes"),
        ("https://exa mple.com/", "without spaces"),
        ("https://exa\\nmple.com/", "without spaces"),
        ("https://例子.com/", "beyond ASCII"),
    ],
)
def test_a_url_that_is_not_what_it_seems_is_refused(tmp_path: Path, url: str, said: str) -> None:
    assert said in mistake(tmp_path, f'url: "{url}"')


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("events: [breaches]", "did you mean 'breach'?"),
        ("events: [deadline-breached]", "expected 'breach'"),
        ("events: []", "not an empty list"),
        ("branches: 7", "a branch"),
        ("timeout_seconds: 61", "from 1 to 60"),
        ("concurrency: 0", "from 1 to 32"),
        ("allow_private: yes", "true or false"),
        ("headers: {Host: a}", "ours to set"),
        ("headers: {webhook-id: a}", "ours to set"),
        ("headers: {Traceparent: a}", "ours to set"),
        ("headers: {'a b': c}", "the name of a header"),
        ("ca_file: nowhere.pem", "cannot be used"),
    ],
)
def test_what_else_is_wrong_says_what_was_expected(tmp_path: Path, entry: str, said: str) -> None:
    assert said in mistake(tmp_path, entry)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("secret: hunter2-hunter2", "begins with whsec_"),
        ("secret: whsec_hunter2!", "expected base64"),
        ("secret: whsec_aHVudGVyMg==", "24 to 64 bytes"),
        ("secret_file: missing.secret", "No such file"),
        ("secret_env: AN_EMPTY_VARIABLE", "no variable AN_EMPTY_VARIABLE"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_and_not_repeated(tmp_path: Path, secret: str, said: str) -> None:
    told = mistake(tmp_path, "concurrency: 1", secret=secret)
    assert said in told
    assert "hunter2" not in told
    assert "aHVudGVyMg" not in told


def test_what_a_header_holds_is_not_repeated_either(tmp_path: Path) -> None:
    told = mistake(tmp_path, 'headers: {X-Key: "hunter2\\r\\nX-More: 1"}')
    assert "visible ASCII" in told
    assert "hunter2" not in told


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match=r"nowhere.yaml: No such file"):
        load_endpoints(tmp_path / "nowhere.yaml")
