"""Where a webhook may not go, however its name is written or resolved."""

from __future__ import annotations

import pytest

from amends_platform.webhooks.addresses import AddressRefused, Resolver, checked_addresses, refusal

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2001::1",
    "2002:7f00:1::",
    "192.88.99.1",
    "::",
    "::127.0.0.1",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "2001:db8::1",
    "::ffff:0:7f00:1",
    "::ffff:0:a9fe:a9fe",
    "192.0.0.192",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "64:ff9b:2::1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "fd12:3456::1",
    "fc00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
]
PUBLIC = ["8.8.8.8", "172.32.0.1", "172.15.255.255", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", NEVER)
def test_an_address_that_is_no_receivers_is_refused_whatever_is_allowed(address: str) -> None:
    assert refusal(address, allow_private=False)
    assert refusal(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_unless_it_is_allowed(address: str) -> None:
    assert refusal(address, allow_private=False)
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert refusal(address, allow_private=False) is None


async def test_one_address_that_is_refused_refuses_the_host() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    with pytest.raises(AddressRefused, match=r"hooks.example.com is at 10.0.0.1, a private address"):
        await checked_addresses("hooks.example.com", 443, allow_private=False, resolve=resolve)


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1", "::1"])
async def test_another_way_to_write_a_loopback_address_is_one(host: str) -> None:
    with pytest.raises(AddressRefused, match="a loopback address"):
        await checked_addresses(host, 443, allow_private=False, resolve=Resolver())


async def test_a_name_that_is_none_is_an_error_like_any_other() -> None:
    with pytest.raises(OSError):
        await Resolver()("a" * 64 + ".invalid", 443)
