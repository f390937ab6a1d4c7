"""From what a token says to who asks: only roles and branches that Amends knows, and never more than was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amends_domain.access.grants import Grant
from amends_platform.identity.oidc.errors import NotAdmitted
from amends_platform.identity.oidc.granting import principal_of
from amends_platform.identity.oidc.provider import ClaimPaths, Provider, load_provider
from amends_platform.identity.principals import Principal
from amends_platform.yaml_files import YamlFileError

ISSUER = "https://login.bank.example"
BRANCHES = ClaimPaths(branches=("branches",))


def provider(claims: ClaimPaths | None = None, roles: dict[str, str] | None = None) -> Provider:
    return Provider(ISSUER, ("amends",), claims=claims or ClaimPaths(), roles=roles)


def grants(said: dict[str, Any], known: Provider) -> set[tuple[str, str | None]]:
    return {(grant.role, grant.branch) for grant in principal_of({"sub": "a-1"} | said, known, "default").grants}


def test_a_person_has_the_roles_that_the_token_says_and_amends_knows() -> None:
    found = principal_of({"sub": "a-17", "roles": ["handler", "offline_access", "agent", "agent"]}, provider(), "bank")
    assert found == Principal("a-17", "bank", (Grant("handler", None), Grant("agent", None)))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"roles": "agent"}, {("agent", None)}),
        ({"roles": ["agent@north-street", "handler@城东"]}, {("agent", "north-street"), ("handler", "城东")}),
        ({"roles": ["agent", 7, None, {"role": "admin"}]}, {("agent", None)}),
    ],
)
def test_a_role_may_be_said_with_its_branch(said: dict[str, Any], expected: set[tuple[str, str | None]]) -> None:
    assert grants(said, provider()) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"roles": ["agent"], "branches": ["north-street", "南街"]}, {("agent", "north-street"), ("agent", "南街")}),
        ({"roles": ["agent", "handler@x"], "branches": "y"}, {("agent", "y"), ("handler", "x")}),
        ({"roles": ["auditor"], "branches": "*"}, {("auditor", None)}),
    ],
)
def test_where_branches_are_named_a_role_is_for_those(
    said: dict[str, Any], expected: set[tuple[str, str | None]]
) -> None:
    assert grants(said, provider(BRANCHES)) == expected


@pytest.mark.parametrize("branches", [None, [], "", [" "], 7, {"*": True}, [None], ["a\nb"]])
def test_who_is_of_no_branch_where_branches_are_named_is_not_let_in_everywhere(branches: Any) -> None:
    with pytest.raises(NotAdmitted):
        principal_of({"sub": "a-1", "roles": ["agent"], "branches": branches}, provider(BRANCHES), "default")


def test_the_provider_s_own_names_are_translated_and_others_are_not_taken_for_ours() -> None:
    known = provider(roles={"CN=Complaints-North": "handler@north-street", "AMENDS_AUDIT": "auditor"})
    said = {"roles": ["CN=Complaints-North", "AMENDS_AUDIT", "admin", "CN=Other"]}
    assert grants(said, known) == {("handler", "north-street"), ("auditor", None)}


def test_claims_may_lie_within_others_and_have_dots_in_their_names() -> None:
    paths = ClaimPaths(
        person=("https://bank.example/staff.id",), roles=("realm_access", "roles"), tenant=("org", "tenant")
    )
    said = {
        "sub": "x",
        "https://bank.example/staff.id": "s-9",
        "realm_access": {"roles": ["agent"]},
        "org": {"tenant": "other"},
    }
    assert principal_of(said, provider(paths), "default") == Principal("s-9", "other", (Grant("agent", None),))


@pytest.mark.parametrize(
    "said",
    [
        {"roles": ["agent"]},
        {"sub": "", "roles": ["agent"]},
        {"sub": 17, "roles": ["agent"]},
        {"sub": "system:workflow", "roles": ["agent"]},
        {"sub": "a b", "roles": ["agent"]},
        {"sub": "a-1"},
        {"sub": "a-1", "roles": ["director", "AGENT", "system"]},
        {"sub": "a-1", "roles": ["agent@"]},
        {"sub": "a-1", "roles": ["agent@ north"]},
        {"sub": "a-1", "roles": {"agent": True}},
    ],
)
def test_who_is_nobody_here_or_has_no_role_is_not_let_in(said: dict[str, Any]) -> None:
    with pytest.raises(NotAdmitted):
        principal_of(said, provider(), "default")


def test_where_a_tenant_is_to_be_named_it_must_be() -> None:
    with pytest.raises(NotAdmitted):
        principal_of({"sub": "a-1", "roles": ["agent"]}, provider(ClaimPaths(tenant=("tenant",))), "default")


def test_the_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "oidc.yaml"
    file.write_text(
        """
issuer: https://login.bank.example/realms/bank
audience: [amends, amends-console]
jwks_url: http://127.0.0.1:9/keys
algorithms: [ES256]
token_type: at+jwt
leeway_seconds: 0
lifetime_seconds_max: 900
claims: {person: staff_id, roles: [realm_access, roles], branches: branches, tenant: tenant}
roles: {complaints: agent, complaints-north: handler@north-street}
"""
    )
    assert load_provider(file) == Provider(
        "https://login.bank.example/realms/bank",
        ("amends", "amends-console"),
        "http://127.0.0.1:9/keys",
        ("ES256",),
        "at+jwt",
        0,
        900,
        ClaimPaths(("staff_id",), ("realm_access", "roles"), ("branches",), ("tenant",)),
        {"complaints": "agent", "complaints-north": "handler@north-street"},
    )
    assert not load_provider(file).is_encrypted


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("issuer: http://login.bank.example", "2:9: issuer: expected an https URL"),
        ("issuer: https://user:secret@login.bank.example", "2:9: issuer: expected an https URL"),
        ("algorithms: [HS256]", "2:14: algorithms[0]: unknown algorithm 'HS256'"),
        ("algorithms: none", "2:13: algorithms: unknown algorithm 'none'"),
        ("leeway_seconds: 600", "2:17: leeway_seconds: expected a number of seconds from 0 to 120"),
        ("lifetime_seconds_max: 1", "2:23: lifetime_seconds_max: expected a number of seconds from 60"),
        ("roles: {staff: director}", "2:16: roles.staff: expected one of agent"),
        ("roles: {staff: agent@}", "2:16: roles.staff: expected one of agent"),
        ("claims: {name: sub}", "2:10: claims.name: unknown key 'name'"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_line(tmp_path: Path, line: str, mistake: str) -> None:
    file = tmp_path / "oidc.yaml"
    issuer = "" if line.startswith("issuer") else "issuer: https://login.bank.example\n"
    file.write_text(f"audience: amends\n{line}\n{issuer}")
    with pytest.raises(YamlFileError) as refused:
        load_provider(file)
    assert mistake in str(refused.value)
    assert "secret" not in str(refused.value)
