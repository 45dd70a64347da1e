"""Where redirects lead."""

from urllib.parse import urljoin

from requests.utils import requote_uri

from contracts.errors import FetchFailed, FetchRefused


def following(url: str, location: str, field: str) -> str:
    """Where a redirect leads, as a URL that still is to be checked like the first.

    From https to http none is followed: what was asked for over a connection that nobody can read or change, and with a
    signature in its address as often as not, would then go over one that anybody can.

    Raises:
        FetchFailed: when the redirect names no URL.
        FetchRefused: when it gives up https.
    """
    if not location:
        raise FetchFailed("the other side redirects without saying where to", field=field)
    try:
        # Headers are read as Latin-1; those who send other letters mean UTF-8.
        following = urljoin(url, requote_uri(location.encode("latin-1").decode("utf-8")))
    except ValueError:
        raise FetchFailed("the other side redirects to what is not a URL", field=field) from None
    if url.lower().startswith("https:") and following.lower().startswith("http:"):
        raise FetchRefused(
            "redirects from https to http are not followed", field=field, remedy="Send the address it leads to."
        )
    return following
