"""Addresses that are not everyone's: IANA's special-purpose registries, read strictly, and what clouds keep for them.

The standard library's `is_global` follows the same registries, but differs with the version of Python; an address has
to pass both.
"""

import ipaddress

from contracts.allow_list import Address, Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


#: RFC 6890 and its successors; where a block is partly public, none of it is taken for public here.
_RESERVED = _networks(
    "0.0.0.0/8",  # this host, this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata at 100.100.100.200
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local; most clouds' metadata
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments; a cloud's metadata at 192.0.0.192
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # AMT
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved; broadcast
    # Of IPv6 only 2000::/3 is given out, see `_GIVEN_OUT`; what follows lies within.
    "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID, AMT
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4, which carries any IPv4 address inside
    "2620:4f:8000::/48",  # AS112
    "3fff::/20",  # documentation
)
#: All else of IPv6 is loopback, mapped and NAT64 (any IPv4 address inside), unique local, link-local or multicast.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")

#: IPv6 with an IPv4 address in its last 32 bits: compatible, mapped, NAT64.
_CARRIERS = _networks("::/96", "::ffff:0:0/96", "64:ff9b::/96")

#: What clouds tell their own machines, keys among it: opened by network alone, as anyone's name server could name it.
_METADATA = _networks(
    "100.100.100.200/32",
    "168.63.129.16/32",  # looks public, and is the host of every machine in that cloud
    "169.254.0.0/16",
    "192.0.0.192/32",
    "fd00:ec2::/112",
    "fd20:ce::254/128",
    "fe80::/10",
)


def is_public(address: Address) -> bool:
    """Whether an address is one that anyone on the internet could reach."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _GIVEN_OUT:
        return False
    if _is_within(address, _RESERVED) or is_metadata(address):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def is_metadata(address: Address) -> bool:
    """Whether an address is one at which clouds answer their own machines, or may be: link-local ones."""
    if _is_within(address, _CARRIERS):
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return _is_within(address, _METADATA)


def _is_within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(each.version == address.version and address in each for each in networks)
