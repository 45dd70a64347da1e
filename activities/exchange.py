"""One HTTP request to an address that a client named, guarded against private networks and endless waits."""

import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPException, RemoteDisconnected
from typing import Literal, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, SSLError

from activities.addresses import Endpoint, check
from activities.cutoff import cut_off, tracked
from activities.interim import FinalAnswer
from contracts.allow_list import AllowList
from contracts.errors import FetchFailed, FetchRefused, FetchTimeout, MouthpieceError
from telemetry.spans import span

logger = logging.getLogger(__name__)
# It writes whole URLs, at DEBUG and when an answer's headers are odd; their query strings are often signatures.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

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
        _, tls = self.build_connection_pool_key_attributes(request, verify or False, cert)
        # Scheme and port too are those that were checked, not what this library reads out of the URL.
        scheme, port = self._endpoint.scheme, self._endpoint.port
        named = {"server_hostname": self._endpoint.host.removesuffix(".")} if scheme == "https" else {}
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(
            self._address, port=port, scheme=scheme, pool_kwargs={**tls, **named}
        )
        pool.ConnectionCls = tracked(cast(type[HTTPConnection], pool.ConnectionCls), self._opened)
        pool.ConnectionCls.response_class = FinalAnswer
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
        FetchFailed: when there is no such host, its certificate does not hold, or its answer is not HTTP.
        FetchTimeout: when nobody answers in time.
    """
    endpoint = check(url, field, allow)
    wanted = requests.Request(method, url, headers={**_HEADERS, **(headers or {})}, data=body)
    try:
        prepared = wanted.prepare()
    except (requests.RequestException, UnicodeError):
        raise FetchRefused("not a URL that can be fetched", field=field) from None
    about = {"http.request.method": method, "server.address": endpoint.host}
    with (
        span(method, about) as note,
        _sockets() as opened,
        ExitStack() as adapters,
        _send(adapters, prepared, endpoint, field, answer_s, opened) as response,
        cut_off(opened, body_s),
    ):
        note({"http.response.status_code": response.status_code})
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
    adapters: ExitStack,
    request: requests.PreparedRequest,
    endpoint: Endpoint,
    field: str,
    answer_s: float,
    opened: list[socket.socket],
) -> requests.Response:
    """Try the host's addresses in turn until one accepts the connection.

    Without a session of the library: it would read a redirect's whole body into memory, unpacking it, and would take
    proxies and passwords from the environment.
    """
    too_late = FetchTimeout(f"{endpoint.host} did not answer in time", field=field)
    for address in endpoint.addresses[:MAX_ADDRESSES]:
        adapter = adapters.enter_context(closing(PinnedAdapter(endpoint, address, opened)))
        try:
            with cut_off(opened, CONNECT_TIMEOUT_S + answer_s, too_late):
                return adapter.send(request, stream=True, timeout=(CONNECT_TIMEOUT_S, answer_s), verify=True)
        except (requests.RequestException, HTTPError) as fault:
            if not _is_unconnected(fault):
                # Without its cause, whose text holds the whole URL and would be kept in the job's history.
                raise _meaning(fault, endpoint.host, field, too_late) from None
            logger.info("address_unreachable host=%s address=%s", endpoint.host, address)
    raise FetchTimeout(f"{endpoint.host} cannot be reached", field=field)


def _meaning(fault: Exception, host: str, field: str, too_late: FetchTimeout) -> MouthpieceError:
    """Say in our words what went wrong after the connection stood."""
    reason = _reason(fault)
    logger.info("exchange_failed host=%s kind=%s reason=%s", host, type(fault).__name__, type(reason).__name__)
    if isinstance(fault, requests.ReadTimeout):
        return too_late
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchFailed(f"{host} has no valid certificate", field=field)
    is_garbled = isinstance(reason, HTTPException) and not isinstance(reason, RemoteDisconnected)
    if is_garbled or not isinstance(fault, requests.ConnectionError):
        return FetchFailed(f"{host} does not answer in proper HTTP", field=field)
    return FetchTimeout(f"{host} broke off the connection", field=field)


def _is_unconnected(fault: Exception) -> bool:
    """Whether nothing was sent yet, so that another address may be tried."""
    return isinstance(fault, requests.ConnectTimeout) or isinstance(_reason(fault), NewConnectionError)


def _reason(fault: BaseException) -> BaseException | None:
    """What lies beneath: requests wraps an error of urllib3, which wraps its reason, which may wrap that of `ssl`."""
    inner = getattr(fault.args[0], "reason", fault.args[0]) if fault.args else None
    while isinstance(inner, SSLError | ProtocolError) and isinstance(inner.args[-1], BaseException):
        inner = inner.args[-1]
    return inner if isinstance(inner, BaseException) else None
