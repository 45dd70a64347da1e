"""Signed links: whoever holds one may download that blob, or send that upload, until it expires."""

import mimetypes
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NotRequired, TypedDict
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer

from contracts.errors import NotFound
from contracts.settings import Secret


class LinkExpired(NotFound):
    """The link was good once: it is too old now, or its key was revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a download link stands for, and for how many seconds more."""

    blob_key: str
    left_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedUpload:
    """A file that is to come: where it goes, and its exact length in bytes."""

    blob_key: str
    size: int


class _Payload(TypedDict):
    """What a token carries; `size` is an upload's."""

    key: str
    exp: int
    size: NotRequired[int]


class Links:
    """Writes and reads "<base_url>/files/<token>/<name>" and "<base_url>/uploads/<token>".

    Args:
        secret: signs the tokens; another secret makes all links void.
        base_url: how clients reach the service, without a trailing slash.
        ttl_s: how long a download link works, in seconds.
    """

    def __init__(self, secret: Secret, base_url: str, ttl_s: int) -> None:
        self._files = URLSafeSerializer(secret, salt="files")
        self._uploads = URLSafeSerializer(secret, salt="uploads")
        self._base_url = base_url
        self._prefix = f"{base_url}/files/"
        self._ttl_s = ttl_s

    def url(self, blob_key: str, now: float, name: str = "") -> str:
        """Write a link to a blob that works for the time to live from `now`, in seconds since 1970.

        Args:
            blob_key: what it leads to.
            now: when it begins to work.
            name: what its last part says, for people to read, of a path its end; by default what `file_name` makes of
                the key.
        """
        token = self._files.dumps({"key": blob_key, "exp": int(now) + self._ttl_s})
        last = re.split(r"[/\\]", name)[-1]
        # Dots alone would lead out of the folder.
        shown = last if last.strip(".") else file_name(blob_key)
        return f"{self._prefix}{token!s}/{quote(shown, safe='')}"

    def open(self, token: str, now: float) -> Opened:
        """Return what a download token stands for.

        Raises:
            NotFound: when the token was not written by this service.
            LinkExpired: when its time is over.
        """
        payload = _read(self._files, token)
        if payload["exp"] <= now:
            raise LinkExpired("the link has expired", remedy="Ask for the job's status again for a new link.")
        return Opened(blob_key=payload["key"], left_s=int(payload["exp"] - now))

    def own_blob(self, url: str, now: float) -> str | None:
        """Return the blob key behind a working link of this service; None for any other URL."""
        if not url.startswith(self._prefix):
            return None
        # Not read as a URL of its own: what follows the prefix is a path, whatever it looks like ("//[").
        token = re.split("[/?#]", url.removeprefix(self._prefix), maxsplit=1)[0]
        try:
            return self.open(token, now).blob_key
        except NotFound:
            return None

    def upload_url(self, upload: ExpectedUpload, expires_at: int) -> str:
        """Write an address that takes a file's bytes until `expires_at`, in seconds since 1970."""
        token = self._uploads.dumps({"key": upload.blob_key, "size": upload.size, "exp": expires_at})
        return f"{self._base_url}/uploads/{token!s}"

    def open_upload(self, token: str, now: float) -> ExpectedUpload:
        """Return what an upload address is for.

        Raises:
            NotFound: when the token was not written by this service.
            LinkExpired: when its time is over.
        """
        payload = _read(self._uploads, token)
        if payload["exp"] <= now:
            raise LinkExpired("the upload's address has expired", remedy="Begin a new upload.")
        return ExpectedUpload(blob_key=payload["key"], size=payload["size"])


def file_name(blob_key: str) -> str:
    """Name a blob for a download: a job's output after its job, anything else by its own name."""
    path = PurePosixPath(blob_key)
    return f"{path.parent.name}{path.suffix}" if path.stem == "output" else path.name


def shown_as(blob_key: str, *, to_save: bool = False) -> tuple[str, str]:
    """Content-Type and Content-Disposition of a blob.

    What a client uploaded is never shown in the service's own name: it could be a page with scripts.

    Args:
        blob_key: the blob.
        to_save: ask for a file to save rather than to show.
    """
    media_type = mimetypes.guess_type(file_name(blob_key))[0]
    kind = "inline" if media_type and not to_save else "attachment"
    return media_type or "application/octet-stream", f"{kind}; filename={file_name(blob_key)}"


def _read(serializer: URLSafeSerializer, token: str) -> _Payload:
    try:
        payload: _Payload = serializer.loads(token)
    except BadData:
        raise NotFound("no such file", remedy="Check that the link is complete.") from None
    return payload
