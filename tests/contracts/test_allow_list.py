import ipaddress

import pytest

from contracts.allow_list import read_allow_list

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "host", "port", "is_open"),
    [
        ("media.internal", "media.internal", 80, True),
        ("media.internal", "MEDIA.internal.", 9000, True),
        ("media.internal", "a.media.internal", 80, False),
        ("media.internal", "media.internal.evil.example", 80, False),
        ("media.internal:9000", "media.internal", 9000, True),
        ("media.internal:9000", "media.internal", 80, False),
        ("*.internal", "media.internal", 80, True),
        ("*.internal", "a.b.internal", 80, True),
        ("*.internal", "internal", 80, False),
        ("*.internal", "notinternal", 80, False),
        ("*.internal:443", "media.internal", 80, False),
        ("10.0.0.5:9000", "10.0.0.5", 9000, True),
        ("10.0.0.5:9000", "10.0.0.5", 80, False),
        ("[fd00::5]:9000", "fd00::5", 9000, True),
    ],
)
def test_a_host_is_opened_by_its_name_and_port(text: str, host: str, port: int, is_open: bool) -> None:
    assert read_allow_list(text).has_host(host, port) is is_open


def test_only_an_entry_that_names_a_port_opens_it_against_all_else() -> None:
    allowed = read_allow_list("media.internal,store.internal:6379")

    assert not allowed.has_port("media.internal", 6379)
    assert allowed.has_port("store.internal", 6379)


def test_networks_are_of_one_version() -> None:
    allowed = read_allow_list("10.0.0.0/8,::1")

    assert allowed.has_address(ipaddress.ip_address("10.1.2.3"))
    assert allowed.has_address(ipaddress.ip_address("::1"))
    assert not allowed.has_address(ipaddress.ip_address("::ffff:10.1.2.3"))


@pytest.mark.parametrize(
    "entry",
    [
        *("10.0.0.0/99", "10.0.0.1/8", "*", "*.", "a.*.internal", "http://media.internal", "media.internal:0"),
        *("media.internal:99999", "media.internal:x", "10.0.0", "10.0.0.300", "[::1]", "[::x]:80", "a b", "user@media"),
    ],
)
def test_what_is_neither_a_network_nor_a_host_is_a_fault(entry: str) -> None:
    with pytest.raises(ValueError, match="is neither a network in CIDR form nor a host name"):
        read_allow_list(f"127.0.0.1,{entry}")


def test_a_list_is_shown_as_it_is_written() -> None:
    text = "10.0.0.0/8,::1/128,media.internal,*.store.internal:9000"

    assert str(read_allow_list(text)) == text
