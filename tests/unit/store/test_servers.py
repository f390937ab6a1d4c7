"""Which servers a database's URL names."""

from __future__ import annotations

import pytest

from amends_store.connecting import servers_of


@pytest.mark.parametrize(
    ("url", "servers", "session"),
    [
        ("postgresql://a:p@db:5432/amends", ["postgresql://a:p@db:5432/amends"], None),
        (
            "postgresql://a:p%40@one:5433,two,[::1]:5434/amends?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            [
                f"postgresql://a:p%40@{host}/amends?sslmode=verify-full&sslrootcert=/etc/ca.pem"
                for host in ("one:5433", "two", "[::1]:5434")
            ],
            None,
        ),
        (
            "postgresql://a@/amends?host=/run/one,/run/two&port=5432&target_session_attrs=read-write",
            [f"postgresql://a@/amends?host=/run/{name}&port=5432" for name in ("one", "two")],
            "read-write",
        ),
        (
            "postgresql:///amends?host=one,two&port=5432,5433",
            [f"postgresql:///amends?host={name}&port={port}" for name, port in (("one", 5432), ("two", 5433))],
            None,
        ),
        ("postgresql:///amends", ["postgresql:///amends"], None),
    ],
)
def test_each_server_gets_a_url_of_its_own(url: str, servers: list[str], session: str | None) -> None:
    assert servers_of(url) == (servers, session)


def test_ports_that_do_not_go_with_the_hosts_are_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is"):
        servers_of("postgresql:///amends?host=one,two,three&port=5432,5433")
