import pytest

from activities.redirects import following
from contracts.errors import FetchFailed, FetchRefused

pytestmark = pytest.mark.unit

HERE = "https://media.example/a/voice.wav?signature=1"


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("b.wav", "https://media.example/a/b.wav"),
        ("/b.wav", "https://media.example/b.wav"),
        ("//other.example/b", "https://other.example/b"),
        ("https://other.example/b", "https://other.example/b"),
        ("/a b", "https://media.example/a%20b"),
        ("/%20a", "https://media.example/%20a"),
        ("/stra\u00c3\u009fe", "https://media.example/stra%C3%9Fe"),
    ],
)
def test_a_redirect_is_read_from_where_it_stands(location: str, leads_to: str) -> None:
    assert following(HERE, location, "audio") == leads_to


@pytest.mark.parametrize("location", ["http://media.example/b", "HTTP://media.example/b"])
def test_https_is_not_given_up(location: str) -> None:
    with pytest.raises(FetchRefused, match="audio: redirects from https to http are not followed"):
        following(HERE, location, "audio")


def test_http_may_lead_to_https_and_to_itself() -> None:
    assert following("http://media.example/a", "https://media.example/a", "audio") == "https://media.example/a"
    assert following("http://media.example/a", "/b", "audio") == "http://media.example/b"


@pytest.mark.parametrize("location", ["", "http://[", "https://[::1", "\u00ff\u00fe"])
def test_a_redirect_to_what_is_no_url_is_a_failure(location: str) -> None:
    with pytest.raises(FetchFailed, match="audio: the other side redirects"):
        following(HERE, location, "audio")
