"""Which addresses may be called: everybody's, and what the site itself named."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.addresses import Allowed, is_public, unwrapped

NOBODY = Allowed()

PRIVATE = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.9.9.9"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1"),
    *("192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1"),
    *("240.0.0.1", "255.255.255.255"),
]
PRIVATE_6 = [
    *("::", "::1", "::127.0.0.1", "100::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0"),
    *("fec0::1", "ff02::1", "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "3fff::1"),
    *("64:ff9b:1::1", "4000::1"),
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.1", "223.255.255.254"]
PUBLIC_6 = ["2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2001:200::1"]


def _wrapped(address: str) -> list[str]:
    number = int(IPv4Address(address))
    return [
        str(IPv6Address(0xFFFF << 32 | number)),
        str(IPv6Address(0x64FF9B << 96 | number)),
        str(IPv6Address(0x2002 << 112 | number << 80 | 1)),
    ]


@pytest.mark.parametrize("address", PRIVATE + PRIVATE_6)
def test_what_is_not_everybodys_is_refused(address: str) -> None:
    assert not NOBODY.admits("registry.example", address)


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_6)
def test_what_is_everybodys_may_be_called(address: str) -> None:
    assert NOBODY.admits("registry.example", address)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_another_is_judged_by_itself(address: str) -> None:
    assert not any(NOBODY.admits("registry.example", one) for one in _wrapped(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_one_may_be_reached_through_a_translator(address: str) -> None:
    assert all(NOBODY.admits("registry.example", one) for one in _wrapped(address))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_knows_to_be_private(
    address: IPv4Address | IPv6Address,
) -> None:
    meant = unwrapped(address)
    kinds = ("is_private", "is_loopback", "is_link_local", "is_multicast", "is_unspecified")
    if any(getattr(meant, kind) for kind in kinds):
        assert not is_public(meant)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.1.0.0/16", "10.1.200.3"),
        ("10.1.200.3", "10.1.200.3"),
        ("127.0.0.0/8", "127.0.0.1"),
        ("127.0.0.0/8", "::ffff:127.0.0.1"),
        ("::1", "::1"),
        ("fd00::/8", "fd12::7"),
        ("64:ff9b:1::/48", "64:ff9b:1::a00:1"),
    ],
)
def test_a_network_that_the_site_names_may_be_called(text: str, address: str) -> None:
    allowed = Allowed.from_texts([text])
    assert allowed.admits("registry.example", address)
    assert not allowed.admits("registry.example", "192.168.7.7")


@pytest.mark.parametrize("host", ["registry.internal", "Registry.INTERNAL", "registry.internal."])
def test_a_name_that_the_site_names_may_be_called_wherever_it_leads(host: str) -> None:
    allowed = Allowed.from_texts(["registry.internal"])
    assert allowed.admits(host, "10.0.0.1")
    assert not allowed.admits(f"not-{host}", "10.0.0.1")
    assert not allowed.admits(f"sub.{host}", "10.0.0.1")


def test_an_empty_list_allows_nothing_more() -> None:
    assert Allowed.from_texts([]) == NOBODY


@pytest.mark.parametrize(
    "text",
    [
        *("10.1.0.0/33", "10.1.0.7/16", "10.1.0", "10.1.0.256", "1234", "fd00::/129", "fd00::g"),
        *("https://registry.internal", "registry.internal:8443", "registry internal", "*.internal"),
        *(
            "",
            " ",
            ".",
            "-a.internal",
            "a..internal",
            "a" * 64,
            "régistre.internal",
            "regi\u017ftre.internal",
            "10.0.0.0 /8",
        ),
    ],
)
def test_a_text_that_is_none_of_these_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no network, no address and no host name") as fault:
        Allowed.from_texts(["10.0.0.0/8", text])
    assert repr(text) in str(fault.value)


@pytest.mark.parametrize("given", ["10.0.0.0/8", [10], [None], [ip_address("10.0.0.1")]])
def test_what_is_no_list_of_texts_is_told(given: object) -> None:
    with pytest.raises(ValueError, match="text"):
        Allowed.from_texts(given)  # type: ignore[arg-type]
