"""Hostile URLs, as data: what each is, why it is dangerous, and how it has to be refused."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import ErrorCode

_HERE = Path(__file__).parent

#: What each verdict says where a URL is submitted, and where it is fetched once "the URL " is put in front.
WRITING = {
    "empty": "must not be empty",
    "scheme": "must begin with http:// or https://",
    "characters": "must not hold spaces, backslashes or control characters",
    "credentials": "must not hold a user name or password",
    "percent": "must not hold percent signs in its host",
    "number": "must write an IP address as four decimal numbers",
    "letters": "must have a host in plain letters and digits",
    "ports": "must have a port from 1 to 65535",
    "malformed": "is not a URL",
}
#: What each verdict says of a URL that is written well.
LEADING = {
    "private": (ErrorCode.FETCH_REFUSED, "is not a public one"),
    "own": (ErrorCode.FETCH_REFUSED, "is this machine's own"),
    "port": (ErrorCode.FETCH_REFUSED, "is not one that files are fetched from"),
    "unknown": (ErrorCode.FETCH_FAILED, "no such host"),
    "unresolved": (ErrorCode.FETCH_TIMEOUT, "cannot be resolved at the moment"),
}
#: Goes to the site that it names.
SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A URL, why it is hostile, and its verdict."""

    url: str
    why: str
    verdict: str

    @property
    def is_written_well(self) -> bool:
        """Whether only the fetch can refuse it."""
        return self.verdict not in WRITING


def cases() -> list[Case]:
    """All of them."""
    groups = tomllib.loads((_HERE / "urls.toml").read_text())["group"]
    return [Case(url=url, why=why, verdict=group["verdict"]) for group in groups for url, why in group["cases"]]


def names() -> dict[str, list[list[str]]]:
    """What the name server of the tests knows: each name's rounds of answers."""
    known: dict[str, list[list[str]]] = tomllib.loads((_HERE / "names.toml").read_text())["names"]
    return known
