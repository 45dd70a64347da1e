"""Where the service may connect to: public addresses, and those that the operator lists.

A URL is judged by every address its host resolves to, and the connection then goes to one of exactly these, so that
a name that changes its mind in between gains nothing.
"""

import ipaddress
import logging
import socket
from contextlib import closing
from dataclasses import dataclass

from activities.ports import REFUSED
from activities.reserved import is_metadata, is_public
from contracts.allow_list import Address, AllowList
from contracts.errors import FetchFailed, FetchRefused, FetchTimeout
from contracts.web_addresses import AddressFault, WebTarget, read_url

logger = logging.getLogger(__name__)

#: Signed links that a redirect leads to are longer than what clients may send.
_URL_LIMIT = 8192
_REMEDY = "To permit it, list the network or host in MOUTHPIECE_FETCH_ALLOW."
_PORT_REMEDY = "To permit it, list the host with its port in MOUTHPIECE_FETCH_ALLOW."


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a checked URL leads. `authority` is what the Host header says."""

    scheme: str
    host: str
    port: int
    authority: str
    addresses: tuple[str, ...]


def check(url: str, field: str, allow: AllowList) -> Endpoint:
    """Resolve a URL's host and refuse what must not be reached.

    Raises:
        FetchRefused: when the URL is malformed, of another scheme, carries credentials, or leads to a port or an
            address that is neither open to all nor allowed.
        FetchFailed: when there is no such host.
        FetchTimeout: when the name cannot be resolved at the moment.
    """
    target = _read(url, field)
    if target.port in REFUSED and not allow.has_port(target.host, target.port):
        logger.warning("port_refused host=%s port=%d", target.host, target.port)
        raise FetchRefused(
            f"port {target.port} is not one that files are fetched from", field=field, remedy=_PORT_REMEDY
        )
    addresses = _resolve(target.host, target.port, field)
    for address in addresses:
        _check_address(address, target, field, allow)
    return Endpoint(
        scheme=target.scheme,
        host=target.host,
        port=target.port,
        authority=target.authority,
        addresses=tuple(dict.fromkeys(map(str, addresses))),
    )


def _read(url: str, field: str) -> WebTarget:
    try:
        return read_url(url, longest=_URL_LIMIT)
    except AddressFault as fault:
        raise FetchRefused(f"the URL {fault}", field=field) from None


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


def _check_address(address: Address, target: WebTarget, field: str, allow: AllowList) -> None:
    by_name = allow.has_host(target.host, target.port) and not is_metadata(address)
    if by_name or allow.has_address(address):
        return
    if not is_public(address):
        fault = f"the address of {target.host} is not a public one"
    elif _is_own(address):
        fault = f"the address of {target.host} is this machine's own"
    else:
        return
    logger.warning("address_refused host=%s address=%s", target.host, address)
    raise FetchRefused(fault, field=field, remedy=_REMEDY)


def _is_own(address: Address) -> bool:
    """Whether a public address is one of this machine's, whose firewall may trust what comes from within.

    The system names the address that it would send from; nothing is sent.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
            probe.connect((str(address), 9))
            return ipaddress.ip_address(probe.getsockname()[0]) == address
    except OSError:
        # No way leads there at all.
        return False
