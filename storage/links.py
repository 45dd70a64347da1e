"""Signed links to blobs: whoever holds one may download that file until it expires."""

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from contracts.errors import NotFound
from contracts.settings import Secret


class LinkExpired(NotFound):
    """The link was good and is too old now."""


class Links:
    """Writes and reads "<base_url>/files/<token>/<name>".

    Args:
        secret: signs the tokens; another secret makes all links void.
        base_url: how clients reach the service, without a trailing slash.
        ttl_s: how long a link works, in seconds.
    """

    def __init__(self, secret: Secret, base_url: str, ttl_s: int) -> None:
        self._serializer = URLSafeSerializer(secret, salt="files")
        self._prefix = f"{base_url}/files/"
        self._ttl_s = ttl_s

    def url(self, blob_key: str, now: float) -> str:
        """Write a link to a blob that works for the time to live from `now`, in seconds since 1970."""
        token = self._serializer.dumps({"key": blob_key, "exp": int(now) + self._ttl_s})
        return f"{self._prefix}{token!s}/{file_name(blob_key)}"

    def open(self, token: str, now: float) -> str:
        """Return the blob key that a token stands for.

        Raises:
            NotFound: when the token was not written by this service.
            LinkExpired: when its time is over.
        """
        try:
            payload = self._serializer.loads(token)
        except BadData:
            raise NotFound("no such file", remedy="Check that the link is complete.") from None
        if payload["exp"] <= now:
            raise LinkExpired("the link has expired", remedy="Ask for the job's status again for a new link.")
        return str(payload["key"])

    def own_blob(self, url: str, now: float) -> str | None:
        """Return the blob key behind a working link of this service; None for any other URL."""
        if not url.startswith(self._prefix):
            return None
        token = urlsplit(url.removeprefix(self._prefix)).path.split("/")[0]
        try:
            return self.open(token, now)
        except NotFound:
            return None


def file_name(blob_key: str) -> str:
    """Name a blob for a download: a job's output after its job, anything else by its own name."""
    path = PurePosixPath(blob_key)
    return f"{path.parent.name}{path.suffix}" if path.stem == "output" else path.name
