"""One HTTP request to an address that a client named, guarded against private networks and endless waits."""

import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError, SSLError

from activities.addresses import Endpoint, check
from activities.cutoff import cut_off, tracked
from contracts.errors import FetchFailed, FetchRefused, FetchTimeout
from contracts.settings import AllowList

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
#: Addresses of one host that are tried in turn.
MAX_ADDRESSES = 4

_HEADERS = {"User-Agent": "mouthpiece/1", "Accept": "*/*", "Accept-Encoding": "identity"}


class PinnedAdapter(HTTPAdapter):
    """Connects to one checked address; Host header, SNI and certificate check stay with the URL's host.

    Args:
        endpoint: where the URL leads.
        address: the address to connect to.
        opened: gets a second handle on each socket.
    """

    def __init__(self, endpoint: Endpoint, address: str, opened: list[socket.socket]) -> None:
        self._endpoint = endpoint
        self._address = address
        self._opened = opened
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> HTTPConnectionPool:
        """Put the checked address in the host's place."""
        target, tls = self.build_connection_pool_key_attributes(request, verify or False, cert)
        named = {"server_hostname": self._endpoint.host} if target["scheme"] == "https" else {}
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(
            self._address,
            port=target["port"],
            scheme=target["scheme"],
            pool_kwargs={**tls, **named},
        )
        pool.ConnectionCls = tracked(cast(type[HTTPConnection], pool.ConnectionCls), self._opened)
        return pool

    def add_headers(self, request: requests.PreparedRequest, **kwargs: object) -> None:
        """Name the host that the URL names."""
        request.headers["Host"] = self._endpoint.authority


@contextmanager
def exchange(
    method: Literal["GET", "POST"],
    url: str,
    field: str,
    allow: AllowList,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    answer_s: float = READ_TIMEOUT_S,
    body_s: float,
) -> Iterator[requests.Response]:
    """Send one request, follow nothing, and yield the answer with its body still to be read.

    Args:
        method: GET or POST.
        url: where to.
        field: the request's field that named it, for error messages.
        allow: private addresses that may be reached all the same.
        headers: what to send beyond the usual.
        body: what to send, or None.
        answer_s: how long the whole head of the answer may take once connected.
        body_s: how long the body can be read; then the connection ends, which may look like the body's own end.

    Raises:
        FetchRefused: when the address is not one to connect to.
        FetchFailed: when there is no such host, or its certificate does not hold.
        FetchTimeout: when nobody answers in time.
    """
    endpoint = check(url, field, allow)
    with requests.Session() as session, _sockets() as opened:
        # A proxy from the environment would resolve the name again, by its own lights.
        session.trust_env = False
        wanted = requests.Request(method, url, headers={**_HEADERS, **(headers or {})}, data=body)
        try:
            prepared = session.prepare_request(wanted)
        except (requests.RequestException, UnicodeError) as fault:
            raise FetchRefused("not a URL that can be fetched", field=field) from fault
        with _send(session, prepared, endpoint, field, answer_s, opened) as response, cut_off(opened, body_s):
            yield response


@contextmanager
def _sockets() -> Iterator[list[socket.socket]]:
    """Collect handles on sockets and close them in the end."""
    opened: list[socket.socket] = []
    try:
        yield opened
    finally:
        for each in opened:
            each.close()


def _send(
    session: requests.Session,
    request: requests.PreparedRequest,
    endpoint: Endpoint,
    field: str,
    answer_s: float,
    opened: list[socket.socket],
) -> requests.Response:
    """Try the host's addresses in turn until one accepts the connection."""
    too_late = FetchTimeout(f"{endpoint.host} did not answer in time", field=field)
    for address in endpoint.addresses[:MAX_ADDRESSES]:
        session.mount(f"{urlsplit(request.url or '').scheme}://", PinnedAdapter(endpoint, address, opened))
        try:
            with cut_off(opened, CONNECT_TIMEOUT_S + answer_s, too_late):
                return session.send(request, stream=True, allow_redirects=False, timeout=(CONNECT_TIMEOUT_S, answer_s))
        except requests.ReadTimeout as fault:
            raise too_late from fault
        except requests.ConnectionError as fault:
            if isinstance(_reason(fault), ssl.SSLCertVerificationError):
                raise FetchFailed(f"{endpoint.host} has no valid certificate", field=field) from fault
            if not _is_unconnected(fault):
                raise FetchTimeout(f"{endpoint.host} broke off the connection", field=field) from fault
            logger.info("address_unreachable host=%s address=%s", endpoint.host, address)
    raise FetchTimeout(f"{endpoint.host} cannot be reached", field=field)


def _is_unconnected(fault: requests.ConnectionError) -> bool:
    """Whether nothing was sent yet, so that another address may be tried."""
    return isinstance(fault, requests.ConnectTimeout) or isinstance(_reason(fault), NewConnectionError)


def _reason(fault: requests.ConnectionError) -> BaseException | None:
    """What lies beneath: requests wraps urllib3's error, which wraps the reason, which may wrap that of `ssl`."""
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    inner = reason.args[0] if isinstance(reason, SSLError) and reason.args else reason
    return inner if isinstance(inner, BaseException) else None
