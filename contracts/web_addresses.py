"""How a URL that a client names has to be written, where it is submitted and where it is fetched alike.

Readers of URLs differ: what one takes for the path is another's host, and `0177.1` is a name to one and 127.0.0.1 to
the next. Here every URL has one reading, and what could have two is refused. Where it leads is judged elsewhere, by
the addresses themselves.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass

#: Longest URL accepted in a request, in characters.
URL_LIMIT = 2048
PORTS = {"http": 80, "https": 443}

#: A backslash is a slash to some readers; some strip tabs and line ends wherever they stand.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
#: Scheme and authority as RFC 3986, appendix B, parts them; the standard library's reading changes between releases.
_PARTS = re.compile(r"([^:/?#]+):(?://([^/?#]*))?")
_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+))(?::([0-9]{1,5}))?")
_HOST = re.compile(r"[A-Za-z0-9._-]+")
#: What the system's resolver would read as a number of its own accord, in base 8, 10 or 16.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
#: Letters, marks and digits: what a name in another script is made of (RFC 5892).
_WRITTEN = ("L", "M", "Nd")


class AddressFault(ValueError):
    """A URL is not written as it has to be; the text says how, and goes on from the field's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTarget:
    """Where a URL leads, by its text alone. `host` is lower case and without brackets; `port` is always filled in."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """What the Host header says: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(text: str, longest: int = URL_LIMIT) -> WebTarget:
    """Read an absolute http or https URL.

    Raises:
        AddressFault: when it has another scheme, carries credentials, or could be read in two ways.
    """
    if not text:
        raise AddressFault("must not be empty")
    if len(text) > longest:
        raise AddressFault(f"must not be longer than {longest} characters")
    if _FORBIDDEN.search(text):
        raise AddressFault("must not hold spaces, backslashes or control characters")
    match = _PARTS.match(text)
    scheme, authority = (match[1].lower(), match[2]) if match else ("", None)
    if scheme not in PORTS or authority is None:
        raise AddressFault("must begin with http:// or https://")
    host, port = _authority(authority)
    return WebTarget(scheme=scheme, host=host, port=port or PORTS[scheme])


def _authority(text: str) -> tuple[str, int | None]:
    if "@" in text:
        raise AddressFault("must not hold a user name or password")
    if "%" in text:
        raise AddressFault("must not hold percent signs in its host")
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise AddressFault("is not a URL")
    bracketed, name, port = match.groups()
    if port is not None and not 0 < int(port) < 1 << 16:
        raise AddressFault("must have a port from 1 to 65535")
    host = _ipv6(bracketed) if bracketed else _name(name)
    return host, int(port) if port else None


def _ipv6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise AddressFault("is not a URL") from None


def _name(text: str) -> str:
    if not text.isascii():
        _check_script(text)
    try:
        plain = text.encode("idna").decode().lower()
    except UnicodeError:
        raise AddressFault("is not a URL") from None
    if not _HOST.fullmatch(plain):
        raise AddressFault("is not a URL")
    # As browsers do: a host that ends in a number is an IPv4 address, or nothing.
    if _NUMBER.fullmatch(plain.removesuffix(".").rpartition(".")[2]):
        _check_ipv4(plain)
    return plain


def _check_script(name: str) -> None:
    """Refuse what only looks foreign, such as full-width digits: readers would turn it into another name."""
    is_written = all(each in ".-_" or unicodedata.category(each).startswith(_WRITTEN) for each in name)
    if not is_written or unicodedata.normalize("NFKC", name) != name:
        raise AddressFault("must have a host in plain letters and digits")


def _check_ipv4(name: str) -> None:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        raise AddressFault("must write an IP address as four decimal numbers") from None
