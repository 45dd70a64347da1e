"""Signed links."""

import pytest

from contracts.errors import NotFound
from contracts.settings import Secret
from storage.links import LinkExpired, Links

pytestmark = pytest.mark.unit

LINKS = Links(Secret("s"), "http://host:8080", 100)
KEY = "jobs/8a4b/output.mp4"


def token_of(url: str) -> str:
    return url.split("/files/")[1].split("/")[0]


def test_a_link_leads_to_its_blob_while_it_lasts() -> None:
    assert LINKS.open(token_of(LINKS.url(KEY, 1000.0)), 1099.0) == KEY


def test_a_link_says_which_job_it_is_of() -> None:
    url = LINKS.url(KEY, 1000.0)

    assert url.startswith("http://host:8080/files/")
    assert url.endswith("/8a4b.mp4")


def test_an_old_link_has_expired() -> None:
    with pytest.raises(LinkExpired):
        LINKS.open(token_of(LINKS.url(KEY, 1000.0)), 1100.0)


@pytest.mark.parametrize("token", ["", "x", "a.b", "é", "."])
def test_a_forged_link_leads_nowhere(token: str) -> None:
    with pytest.raises(NotFound):
        LINKS.open(token, 0.0)


def test_another_secret_makes_links_void() -> None:
    with pytest.raises(NotFound):
        Links(Secret("t"), "http://host:8080", 100).open(token_of(LINKS.url(KEY, 1000.0)), 1000.0)


def test_own_links_are_recognised() -> None:
    assert LINKS.own_blob(LINKS.url("uploads/k/u", 1000.0), 1001.0) == "uploads/k/u"


def test_an_own_link_may_carry_a_query() -> None:
    assert LINKS.own_blob(LINKS.url("uploads/k/u", 1000.0) + "?download=1", 1001.0) == "uploads/k/u"


@pytest.mark.parametrize(
    "url",
    [
        LINKS.url(KEY, 1000.0).replace("host", "other"),
        "http://host:8080/files/",
        "http://host:8080/files/forged/8a4b.mp4",
        "https://example.com/a.mp4",
        LINKS.url(KEY, 0.0),
    ],
)
def test_other_urls_and_dead_links_are_not_ours(url: str) -> None:
    assert LINKS.own_blob(url, 1001.0) is None
