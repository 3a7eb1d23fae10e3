"""Which addresses anything is sent to: those that are anybody's on the Internet, and no other.

By the registries of special-purpose addresses of IANA (RFC 6890), and some more. An endpoint that somebody gives us
must not lead to what only our own machines can reach.
"""

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Policy = Callable[[str], bool]
"""Whether something may be sent to an address, such as ``203.0.113.9`` or ``2001:db8::1``."""

Resolver = Callable[[str, int], Iterable[str]]
"""The addresses of a host and port; raises OSError when there are none."""

_NOT_PUBLIC: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; a cloud's metadata too
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's machine agent, at a public-looking address
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; metadata of a cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays from IPv6, deprecated
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_OF_IT: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, such as Teredo, which leads to IPv4
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which leads to IPv4
        "3fff::/20",  # documentation
    )
)
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an address is anybody's on the Internet; what is no address is not."""
    try:
        return _is_public(ip_address(address))
    except ValueError:
        return False


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC)
    if address.scope_id is not None:
        return False
    if address in _TRANSLATED:  # how a network that has IPv6 only reaches an IPv4 address (RFC 6052)
        return _is_public(IPv4Address(address.packed[-4:]))
    return address in _PUBLIC and not any(address in network for network in _NOT_PUBLIC_OF_IT)


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, and no other."""
    try:
        return ip_address(address).is_loopback and "%" not in address
    except ValueError:
        return False


def resolve(host: str, port: int) -> list[str]:
    """What the machine's resolver says, each address once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))
