"""Downloads of what clients name: within limits of size, time, redirects and addresses."""

import hashlib
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from activities.exchange import READ_TIMEOUT_S, exchange
from activities.redirects import following
from contracts.allow_list import AllowList
from contracts.errors import FetchFailed, FetchTimeout, MediaTooLarge
from engines.base import Report

logger = logging.getLogger(__name__)

MAX_REDIRECTS = 3

_LENGTH = re.compile("[0-9]{1,18}")
_CHUNK_BYTES = 256 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Answers below 500 that may be another one in a moment.
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one download may take: `size_bytes` of body, `total_s` for all of it."""

    size_bytes: int
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that was brought in. `sha256` is hexadecimal."""

    size_bytes: int
    sha256: str


def download(url: str, out: Path, field: str, allow: AllowList, limits: Limits, report: Report) -> Download:
    """Bring a file in, following at most three redirects, each checked like the first address.

    Args:
        url: where it is.
        out: the file to write.
        field: the request's field that named it, for error messages.
        allow: private addresses that may be reached all the same.
        limits: of size and time.
        report: progress and cancellation; called after each read.

    Raises:
        FetchRefused: when an address on the way is not one to connect to, or a redirect gives up https.
        FetchFailed: when the other side has no such file for us.
        FetchTimeout: when it is too slow, breaks off, or answers that it is busy.
        MediaTooLarge: when the body is larger than allowed.
    """
    deadline = time.monotonic() + limits.total_s
    for _hop in range(MAX_REDIRECTS + 1):
        report(0.0)
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise FetchTimeout("the download takes too long", field=field)
        with exchange("GET", url, field, allow, answer_s=min(READ_TIMEOUT_S, left_s), body_s=left_s) as response:
            if response.status_code not in _REDIRECTS:
                _check_status(response.status_code, field)
                return _save(response, out, field, limits.size_bytes, deadline, report)
            logger.info("redirected host=%s status=%s", urlsplit(url).hostname, response.status_code)
            url = following(url, response.headers.get("Location", ""), field)
    raise FetchFailed(f"more than {MAX_REDIRECTS} redirects", field=field)


def _check_status(status: int, field: str) -> None:
    if 200 <= status < 300:
        return
    answered = f"the other side answered {status}"
    raise (FetchTimeout if status >= 500 or status in _PASSING else FetchFailed)(answered, field=field)


def _save(
    response: requests.Response, out: Path, field: str, size_limit: int, deadline: float, report: Report
) -> Download:
    declared = response.headers.get("Content-Length", "0")
    if not _LENGTH.fullmatch(declared):
        raise FetchFailed("the other side gives no proper length", field=field)
    expected = int(declared)
    if expected > size_limit:
        raise _too_large(size_limit, field)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchFailed("the other side sends it compressed", field=field)
    digest, size = hashlib.sha256(), 0
    with out.open("wb") as file:
        for chunk in _chunks(response, field, deadline):
            size += len(chunk)
            if size > size_limit:
                raise _too_large(size_limit, field)
            digest.update(chunk)
            file.write(chunk)
            report(size / max(expected, size))
    return Download(size_bytes=size, sha256=digest.hexdigest())


def _chunks(response: requests.Response, field: str, deadline: float) -> Iterator[bytes]:
    """The body as it comes in: each read returns what is there."""
    while True:
        try:
            chunk = response.raw.read1(_CHUNK_BYTES)
        except HTTPError:
            raise FetchTimeout("the download broke off", field=field) from None
        # At the body's end too: a connection that was cut at the deadline can look like one.
        if time.monotonic() > deadline:
            raise FetchTimeout("the download takes too long", field=field)
        if not chunk:
            return
        yield chunk


def _too_large(size_limit: int, field: str) -> MediaTooLarge:
    return MediaTooLarge(f"larger than {size_limit} bytes", field=field)
