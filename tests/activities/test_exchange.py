import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from activities.addresses import Endpoint
from activities.exchange import PinnedAdapter

pytestmark = pytest.mark.unit

ENDPOINT = Endpoint(host="media.example", port=8443, authority="media.example:8443", addresses=("192.0.2.7",))


def _prepared(url: str) -> requests.PreparedRequest:
    return requests.Request("GET", url).prepare()


def test_a_connection_goes_to_the_checked_address_and_is_verified_against_the_host() -> None:
    adapter = PinnedAdapter(ENDPOINT, "192.0.2.7")

    pool = adapter.get_connection_with_tls_context(_prepared("https://media.example:8443/a"), verify=True)
    assert isinstance(pool, HTTPSConnectionPool)

    assert (pool.host, pool.port) == ("192.0.2.7", 8443)
    assert pool.conn_kw["server_hostname"] == "media.example"
    assert pool.cert_reqs == "CERT_REQUIRED"


def test_a_plain_connection_knows_no_certificate() -> None:
    adapter = PinnedAdapter(ENDPOINT, "192.0.2.7")

    pool = adapter.get_connection_with_tls_context(_prepared("http://media.example:8443/a"), verify=True)
    assert isinstance(pool, HTTPConnectionPool)

    assert pool.host == "192.0.2.7"
    assert "server_hostname" not in pool.conn_kw


def test_the_host_header_names_the_host_of_the_url() -> None:
    request = _prepared("https://media.example:8443/a")

    PinnedAdapter(ENDPOINT, "192.0.2.7").add_headers(request)

    assert request.headers["Host"] == "media.example:8443"
