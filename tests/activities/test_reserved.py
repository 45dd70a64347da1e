import ipaddress

import pytest

from activities.reserved import is_metadata, is_public

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "address",
    [
        *("100.100.100.200", "168.63.129.16", "169.254.169.254", "169.254.170.2", "192.0.0.192"),
        *("fd00:ec2::254", "fd20:ce::254", "fe80::1"),
        *("::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "::ffff:168.63.129.16"),
    ],
)
def test_what_clouds_tell_their_own_machines_is_neither_public_nor_opened_by_name(address: str) -> None:
    assert is_metadata(ipaddress.ip_address(address))
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "::1", "fd00::1", "8.8.8.8", "2606:4700::1111"])
def test_other_addresses_are_no_metadata(address: str) -> None:
    assert not is_metadata(ipaddress.ip_address(address))


def test_of_all_that_the_library_calls_private_nothing_is_public() -> None:
    first_of_each_16 = (ipaddress.ip_address(number << 16) for number in range(1 << 16))

    assert all(address.is_global for address in first_of_each_16 if is_public(address))
