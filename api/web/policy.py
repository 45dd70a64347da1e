"""What browsers may do with a page of this service: run its own modules and nothing else."""

from urllib.parse import urlsplit

from flask import Response

from api.services import services
from contracts.errors import MouthpieceError

#: A key whose address tells where the store is; nothing is asked of it.
_ANY_BLOB = "uploads/any/any"
_SIGNING_TTL_S = 60


def protect(response: Response, *, can_record: bool = False) -> Response:
    """Set the security headers of an HTML answer.

    Args:
        response: the answer.
        can_record: whether the page may ask for camera and microphone.
    """
    recorder = "self" if can_record else ""
    response.headers.update(
        {
            "Content-Security-Policy": content_policy(),
            "Permissions-Policy": f"camera=({recorder}), microphone=({recorder}), geolocation=(), payment=(), usb=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response


def content_policy() -> str:
    """Write the content security policy (CSP level 3): media also from where the service's links lead."""
    media = " ".join(["'self'", "blob:", *_link_origins()])
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {media}",
            f"media-src {media}",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _link_origins() -> list[str]:
    """Origins of links to files, where they may differ from the page's: the public address, and the bucket's."""
    try:
        store = services().blobs.direct_url(_ANY_BLOB, "GET", _SIGNING_TTL_S)
    except MouthpieceError:
        store = ""
    return [_origin(url) for url in (services().settings.public_url, store) if url]


def _origin(url: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))
