"""The console as the identity provider knows it: a client of the authorization code flow, with a secret or without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from amends_domain.documents import Node
from amends_platform.identity.oidc.urls import url_of
from amends_platform.password_files import password_in

CALLBACK: Final = "/sign-in/callback"
_SCOPE: Final = "openid"


@dataclass(frozen=True, slots=True)
class Client:
    """`public_url`: of the console as browsers know it, no slash at its end. `secret_file` None: a public client."""

    client_id: str
    public_url: str
    secret_file: Path | None = None
    scopes: tuple[str, ...] = (_SCOPE,)

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to: to be registered there, to the letter."""
        return self.public_url + CALLBACK


def secret_of(client: Client) -> str | None:
    """What the client shows the provider, by its file; None for a public one. Raises ValueError."""
    return None if client.secret_file is None else password_in(client.secret_file)


def client_of(node: Node, beside: Path) -> Client:
    """What the file says under `console`; what is wrong with it is kept in the node."""
    given = node.keys(
        "a mapping with client_id and public_url",
        required=["client_id", "public_url"],
        optional=["client_secret_file", "scopes"],
    )
    secret, scopes = given.get("client_secret_file"), given.get("scopes")
    asked = () if scopes is None else tuple(scopes.texts("a scope"))
    if scopes is not None and any(not scope.isascii() or not scope.isprintable() or " " in scope for scope in asked):
        scopes.fail("expected scopes such as openid and profile")
    return Client(
        given["client_id"].name("the id of a client", r"[!-~]{1,200}"),
        _origin(given["public_url"]),
        None if secret is None else beside / secret.text("the path of a file"),
        tuple(dict.fromkeys((_SCOPE, *asked))),
    )


def _origin(node: Node) -> str:
    url = url_of(node)
    # Cookies are of the whole host: the console is nowhere below it.
    if isinstance(node.value, str) and (urlsplit(url).path not in ("", "/") or "?" in url):
        node.fail("expected scheme and host, and a port where there is one: no path")
    return url.rstrip("/")
