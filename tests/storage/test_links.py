"""Signed links."""

import pytest

from contracts.errors import NotFound
from contracts.settings import Secret
from storage.links import ExpectedUpload, LinkExpired, Links, Opened, shown_as

pytestmark = pytest.mark.unit

LINKS = Links(Secret("s"), "http://host:8080", 100)
KEY = "jobs/8a4b/output.mp4"


def token_of(url: str) -> str:
    return url.split("/files/")[1].split("/")[0]


def test_a_link_leads_to_its_blob_while_it_lasts() -> None:
    assert LINKS.open(token_of(LINKS.url(KEY, 1000.0)), 1099.0) == Opened(blob_key=KEY, left_s=1)


def test_a_link_says_which_job_it_is_of() -> None:
    url = LINKS.url(KEY, 1000.0)

    assert url.startswith("http://host:8080/files/")
    assert url.endswith("/8a4b.mp4")


def test_a_link_may_be_named_for_people_to_read() -> None:
    url = LINKS.url("uploads/k/u", 1000.0, "my film.mp4")

    assert url.endswith("/my%20film.mp4")
    assert LINKS.own_blob(url, 1001.0) == "uploads/k/u"


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


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("", "u"),
        ("..", "u"),
        (".", "u"),
        ("in/..", "u"),
        ("in/me.png", "me.png"),
        ("C:\\me.png", "me.png"),
        ("%2e", "%252e"),
    ],
)
def test_a_link_stays_one_whatever_its_file_is_called(name: str, last: str) -> None:
    assert LINKS.url("uploads/k/u", 1000.0, name).split("/")[5:] == [last]


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
        "http://host:8080/files///[",
        "http://host:8080/files/?/[",
        "https://example.com/a.mp4",
        LINKS.url(KEY, 0.0),
    ],
)
def test_other_urls_and_dead_links_are_not_ours(url: str) -> None:
    assert LINKS.own_blob(url, 1001.0) is None


def test_an_upload_address_says_what_is_to_come_while_it_lasts() -> None:
    upload = ExpectedUpload(blob_key="uploads/k/u", size=10)
    url = LINKS.upload_url(upload, 1100)

    token = url.removeprefix("http://host:8080/uploads/")
    assert LINKS.open_upload(token, 1099.0) == upload
    with pytest.raises(LinkExpired):
        LINKS.open_upload(token, 1100.0)


def test_a_download_link_takes_no_upload() -> None:
    with pytest.raises(NotFound):
        LINKS.open_upload(token_of(LINKS.url("uploads/k/u", 1000.0)), 1000.0)


@pytest.mark.parametrize(
    ("key", "to_save", "shown"),
    [
        (KEY, False, ("video/mp4", "inline; filename=8a4b.mp4")),
        (KEY, True, ("video/mp4", "attachment; filename=8a4b.mp4")),
        ("uploads/k/u", False, ("application/octet-stream", "attachment; filename=u")),
    ],
)
def test_what_clients_sent_is_never_shown_by_a_browser(key: str, to_save: bool, shown: tuple[str, str]) -> None:
    assert shown_as(key, to_save=to_save) == shown
