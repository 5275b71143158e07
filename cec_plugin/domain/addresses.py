"""Which addresses may be called: the public ones, and those that the site itself named.

A registry's base address is typed by a person and resolved by whoever owns the name. What it
resolves to must not be a way into the site's own network.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# From IANA's registries of special-purpose addresses. Not ``is_global``: what that says differs
# between the patch releases of one Python.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, and the unspecified address
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # between a provider and its customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and a cloud's metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64
_6TO4 = IPv6Network("2002::/16")

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may be called although it is not public: networks, and names in small letters.

    A name is taken at its word: whatever it resolves to may be called.
    """

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()

    @classmethod
    def from_texts(cls, given: Iterable[str]) -> "Allowed":
        """Read networks such as ``10.1.0.0/16``, single addresses, and host names.

        Raises:
            ValueError: one of them is none of these; it is named.
        """
        if isinstance(given, str):
            raise ValueError("it must be a list of texts")  # noqa: TRY004 - read as a setting is
        networks, names = [], set()
        for text in given:
            if not isinstance(text, str):
                raise ValueError(f"{text!r} is no text")  # noqa: TRY004
            network = _network(text)
            if network is None:
                names.add(_plain(text))
            else:
                networks.append(network)
        return cls(networks=tuple(networks), names=frozenset(names))

    def admits(self, host: str, address: str) -> bool:
        """Say whether an address, to which this host resolved, may be called."""
        if _plain(host) in self.names:
            return True
        parsed = ip_address(address)
        meant = unwrapped(parsed)
        return is_public(meant) or any(
            one in network for network in self.networks for one in (parsed, meant)
        )


def is_public(address: Address) -> bool:
    """Say whether an address, once unwrapped, is one that anybody may have and call."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for (mapped, NAT64, 6to4), else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _MAPPED or address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    return address


def _network(text: str) -> Network | None:
    """Return the network that a text is, None where it is a host's name."""
    try:
        return ip_network(text)
    except ValueError as error:
        digits = text.replace(".", "").isdecimal()
        if "/" in text or ":" in text or digits or not _HOST_NAME.fullmatch(_plain(text)):
            raise ValueError(f"{text!r} is no network, no address and no host name") from error
    return None


def _plain(host: str) -> str:
    return host.rstrip(".").lower()
