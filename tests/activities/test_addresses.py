import ipaddress
import socket
from typing import NoReturn

import pytest

from activities.addresses import check
from activities.reserved import is_public
from contracts.allow_list import AllowList
from contracts.errors import FetchFailed, FetchRefused, FetchTimeout, MouthpieceError
from contracts.settings import Settings

pytestmark = pytest.mark.unit

NOTHING = AllowList()


def _allowing(text: str) -> AllowList:
    return Settings.from_env({"MOUTHPIECE_FETCH_ALLOW": text}).fetch_allow


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001::1",
    ],
)
def test_an_address_that_not_everyone_can_reach_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111"])
def test_an_address_that_everyone_can_reach_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a",
        "http://localhost/a",
        "http://[::1]/a",
        "http://[::ffff:169.254.169.254]/a",
        "http://[fe80::1]/a",
    ],
)
def test_a_private_address_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(FetchRefused, match=r"audio: the address of .* is not a public one") as refused:
        check(url, "audio", NOTHING)

    assert "MOUTHPIECE_FETCH_ALLOW" in refused.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        "",
        "face.png",
        "ftp://media.example/a",
        "file:///etc/passwd",
        "http://",
        "http:///a",
        "http://user@8.8.8.8/a",
        "http://user:secret@8.8.8.8/a",
        "http://8.8.8.8:99999/a",
        "http://[::1/a",
        "http://8.8.8.8/" + "a" * 9000,
    ],
)
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(FetchRefused, match=r"^audio: "):
        check(url, "audio", NOTHING)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (socket.EAI_NONAME, FetchFailed, "no such host: media"),
        (socket.EAI_AGAIN, FetchTimeout, "the host name media cannot be resolved at the moment"),
    ],
)
def test_a_host_that_does_not_exist_is_told_from_a_resolver_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, code: int, error: type[MouthpieceError], words: str
) -> None:
    def unresolved(*args: object, **kwargs: object) -> NoReturn:
        raise socket.gaierror(code, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)

    with pytest.raises(error, match=words):
        check("http://media/a", "audio", NOTHING)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(*args: object, **kwargs: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)

    with pytest.raises(FetchRefused):
        check("http://media/a", "audio", NOTHING)


@pytest.mark.parametrize("allowed", ["127.0.0.0/8", "127.0.0.1", "10.0.0.0/8,127.0.0.1/32"])
def test_a_network_that_the_operator_lists_may_be_reached(allowed: str) -> None:
    assert check("http://127.0.0.1:81/a", "audio", _allowing(allowed)).addresses == ("127.0.0.1",)


def test_a_host_that_the_operator_lists_may_be_reached_whatever_its_address() -> None:
    assert "127.0.0.1" in check("http://LOCALHOST/a", "audio", _allowing("localhost")).addresses


def test_listing_one_network_opens_no_other() -> None:
    with pytest.raises(FetchRefused):
        check("http://127.0.0.1/a", "audio", _allowing("10.0.0.0/8,::/0"))


@pytest.mark.parametrize(
    ("url", "authority", "port"),
    [
        ("http://8.8.8.8/a", "8.8.8.8", 80),
        ("http://8.8.8.8:80/a", "8.8.8.8", 80),
        ("http://8.8.8.8:8000/a", "8.8.8.8:8000", 8000),
        ("https://8.8.8.8/a", "8.8.8.8", 443),
        ("https://8.8.8.8:80/a", "8.8.8.8:80", 80),
        ("http://[2606:4700::1111]:81/a", "[2606:4700::1111]:81", 81),
    ],
)
def test_the_host_header_names_host_and_port_as_the_url_does(url: str, authority: str, port: int) -> None:
    endpoint = check(url, "audio", NOTHING)

    assert (endpoint.authority, endpoint.port) == (authority, port)
