"""Which private networks and hosts the operator opens to the URLs of clients."""

import ipaddress
import re
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST = re.compile(r"((?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_EXPECTED = "is neither a network in CIDR form nor a host name (media.internal, media.internal:9000, *.internal)"


@dataclass(frozen=True, slots=True)
class AllowList:
    """Addresses that inputs and webhooks may reach although they are private.

    A host is `name`, `*.name` for all below it, or either with `:port`, which then opens that port alone.
    """

    networks: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ",".join([*map(str, self.networks), *self.hosts])

    def has_address(self, address: Address) -> bool:
        """Whether one of the networks holds an address."""
        return any(each.version == address.version and address in each for each in self.networks)

    def has_host(self, host: str, port: int) -> bool:
        """Whether a host is opened by name, on this port."""
        return any(_is_meant(entry, host, port) for entry in self.hosts)

    def has_port(self, host: str, port: int) -> bool:
        """Whether a host is opened by name on this very port."""
        return any(_split(entry)[1] == port and _is_meant(entry, host, port) for entry in self.hosts)


def read_allow_list(text: str) -> AllowList:
    """Read networks and hosts, parted by commas.

    Raises:
        ValueError: when an entry is neither.
    """
    networks: list[Network] = []
    hosts: list[str] = []
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(entry))
        except ValueError:
            if not _is_host(entry):
                raise ValueError(f"{entry!r} {_EXPECTED}") from None
            hosts.append(entry)
    return AllowList(tuple(networks), tuple(hosts))


def _is_host(entry: str) -> bool:
    if not _HOST.fullmatch(entry):
        return False
    name, port = _split(entry)
    if ":" in name or name.rpartition(".")[2].isdigit():
        # An address, and so one that a network would be written for, but that only its port is to be opened.
        return port is not None and name == _plain_address(name)
    return port is None or 0 < port < 1 << 16


def _plain_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _split(entry: str) -> tuple[str, int | None]:
    match = _HOST.fullmatch(entry)
    name, port = (match[1], match[2]) if match else (entry, None)
    return name.strip("[]"), int(port) if port else None


def _is_meant(entry: str, host: str, port: int) -> bool:
    name, only = _split(entry)
    asked = host.lower().removesuffix(".")
    is_named = asked.endswith(name[1:]) if name.startswith("*.") else asked == name
    return is_named and only in (None, port)
