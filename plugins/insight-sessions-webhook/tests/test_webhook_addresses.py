"""Nothing is sent to an address that only our own machines can reach, however it is written."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_sessions_webhook import is_loopback, is_public
from insight_sessions_webhook.addresses import resolve

patient = settings(deadline=None)  # other programs run at the same time
INSIDE = [
    "0.0.0.0",  # noqa: S104 - not to bind to
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:a9fe:a9fe",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2600::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "localhost",
    "8.8.8.8:80",
    "8.8.8",
    "08.8.8.8",
    "134744072",
]
TRANSLATED = IPv6Network("64:ff9b::/96")
v4 = st.ip_addresses(v=4).map(IPv4Address)
v6 = st.ip_addresses(v=6).map(IPv6Address) | st.ip_addresses(v=6, network="2000::/3").map(IPv6Address)


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_is_sent_inside(address: str) -> None:
    """Private, loopback, link-local, of carriers, multicast, documentation, metadata, or no address at all."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2600::1", "2a00::1", "64:ff9b::8.8.8.8"])
def test_the_internet_is_allowed(address: str) -> None:
    """What is next to what is not, too."""
    assert is_public(address)


@patient
@given(v4 | v6)
def test_what_the_standard_library_calls_not_global_is_never_allowed(address: IPv4Address | IPv6Address) -> None:
    """Another list, by other people."""
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved or address in TRANSLATED


@patient
@given(v4)
def test_an_address_inside_an_address_is_no_way_around(address: IPv4Address) -> None:
    """Mapped and compatible ones are never allowed, 6to4 neither, translated ones as what they stand for."""
    number = int(address)
    for inside in (0xFFFF << 32 | number, number, 0x2002 << 112 | number << 80):
        assert not is_public(str(IPv6Address(inside)))
    assert is_public(str(IPv6Address((0x64_FF9B << 96) | number))) == is_public(str(address))


@patient
@given(st.text(max_size=40))
def test_any_text_is_answered(text: str) -> None:
    """What is no address is allowed nowhere."""
    if is_public(text) or is_loopback(text):
        assert str(ip_address(text))


def test_loopback_is_this_machine_alone() -> None:
    """Nothing that is near."""
    assert is_loopback("127.0.0.1")
    assert is_loopback("127.8.8.8")
    assert is_loopback("::1")
    assert not any(map(is_loopback, ["10.0.0.1", "8.8.8.8", "::2", "::1%1", "localhost", ""]))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "127.0.0.1"])
def test_other_ways_to_write_an_address_end_as_addresses(host: str) -> None:
    """The resolver reads them, and what it says is checked."""
    try:
        found = resolve(host, 443)
    except OSError:
        return
    assert found == ["127.0.0.1"]


def test_each_address_comes_once_in_the_order_of_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows which one is nearest."""

    def known(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert (host, port) == ("hooks.example.org", 443)
        return [(0, 0, 0, "", (address, port)) for address in ("2600::1", "8.8.8.8", "2600::1")]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    assert resolve("hooks.example.org", 443) == ["2600::1", "8.8.8.8"]
