"""Which addresses the service may connect to: public ones, and those that the operator lists.

A URL is judged by every address its host resolves to, and the connection then goes to one of exactly these, so that
a name that changes its mind in between gains nothing.
"""

import ipaddress
import logging
import socket
from dataclasses import dataclass

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from contracts.errors import FetchFailed, FetchRefused, FetchTimeout
from contracts.settings import AllowList, Network

logger = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"http": 80, "https": 443}
_URL_LIMIT = 4096
_REMEDY = "To permit it, list the network or host in MOUTHPIECE_FETCH_ALLOW."

#: IPv6 ranges that carry an IPv4 address inside, behind which any private one could hide.
_CARRIERS = tuple(
    ipaddress.ip_network(text)
    for text in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a checked URL leads. `authority` is what the Host header says."""

    host: str
    port: int
    authority: str
    addresses: tuple[str, ...]


def check(url: str, field: str, allow: AllowList) -> Endpoint:
    """Resolve a URL's host and refuse what must not be reached.

    Raises:
        FetchRefused: when the URL is malformed, of another scheme, carries credentials, or leads to an address that
            is neither public nor allowed.
        FetchFailed: when there is no such host.
        FetchTimeout: when the name cannot be resolved at the moment.
    """
    parsed = _parse(url, field)
    host = (parsed.host or "").strip("[]")
    port = parsed.port or _PORTS[parsed.scheme or ""]
    addresses = _resolve(host, port, field)
    if host.lower().rstrip(".") not in allow.hosts:
        for address in addresses:
            _check_address(address, host, field, allow)
    return Endpoint(
        host=host, port=port, authority=_authority(parsed), addresses=tuple(dict.fromkeys(map(str, addresses)))
    )


def is_public(address: Address) -> bool:
    """Whether an address is one that anyone on the internet could reach."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in carrier for carrier in _CARRIERS):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _parse(url: str, field: str) -> Url:
    if len(url) > _URL_LIMIT:
        raise FetchRefused(f"URL longer than {_URL_LIMIT} characters", field=field)
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise FetchRefused("not a URL", field=field) from None
    if parsed.scheme not in _PORTS or not parsed.host:
        raise FetchRefused("not an http:// or https:// URL", field=field)
    if parsed.auth is not None:
        raise FetchRefused("URLs with a user name or password are not fetched", field=field)
    return parsed


def _authority(parsed: Url) -> str:
    is_default = parsed.port in (None, _PORTS[parsed.scheme or ""])
    return f"{parsed.host}" if is_default else f"{parsed.host}:{parsed.port}"


def _resolve(host: str, port: int, field: str) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as fault:
        if fault.errno == socket.EAI_AGAIN:
            raise FetchTimeout(f"the host name {host} cannot be resolved at the moment", field=field) from fault
        raise FetchFailed(f"no such host: {host}", field=field) from fault
    except UnicodeError:
        raise FetchRefused("not a valid host name", field=field) from None
    # A scope ("fe80::1%eth0") is no part of what is compared.
    return [ipaddress.ip_address(str(sockaddr[0]).split("%")[0]) for *_, sockaddr in found]


def _check_address(address: Address, host: str, field: str, allow: AllowList) -> None:
    if is_public(address) or any(_contains(network, address) for network in allow.networks):
        return
    logger.warning("address_refused host=%s address=%s", host, address)
    raise FetchRefused(f"the address of {host} is not a public one", field=field, remedy=_REMEDY)


def _contains(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network
