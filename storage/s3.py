"""Blobs in a bucket of S3 or of a store that speaks its protocol, read through copies on this host."""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from contracts.errors import StorageBusy
from contracts.settings import Settings
from storage.blobs import Alive, BlobInfo, BlobMissing, Method, checked, missing
from storage.cache import BlobCache
from storage.links import shown_as
from telemetry.catalogue import BLOB_FAULTS
from telemetry.meter import meter

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta

logger = logging.getLogger(__name__)

#: Blobs move in parts of this size, so that memory is bounded and a fault costs one part; files up to it in one piece.
PART_BYTES = 8 << 20

_PARTS_AT_ONCE = 4
_DELETED_AT_ONCE = 1000
_LISTED_AT_ONCE = 1000
#: Of one request: a part has to arrive in this time.
_REQUEST_TIMEOUT = timedelta(seconds=60)
_CONNECT_TIMEOUT = timedelta(seconds=5)
_RETRY_TIMEOUT = timedelta(seconds=20)
_RETRIES = 3


class S3Blobs:
    """One bucket.

    Args:
        store: the bucket.
        cache: copies on this host.
        alive: called for every part that is sent or received.
    """

    def __init__(self, store: S3Store, cache: BlobCache, alive: Alive) -> None:
        self._store = store
        self._cache = cache
        self._alive = alive

    def put(self, key: str, source: Path) -> None:
        """Send a file: in one request, or in parts that become a blob once all of them are there."""
        checked(key)
        with _passing_faults():
            whole = source.read_bytes() if source.stat().st_size <= PART_BYTES else None
            obstore.put(
                self._store,
                key,
                self._parts(source) if whole is None else whole,
                attributes=_attributes(key),
                use_multipart=whole is None,
                chunk_size=PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
            source.unlink()

    def local(self, key: str) -> Path:
        """Return this host's copy of the blob as it is now."""
        blob = self._head(key)
        with _passing_faults():
            return self._cache.get(_copy_name(blob), lambda path: self._fetch(blob, path))

    def exists(self, key: str) -> bool:
        """Ask the store."""
        try:
            self._head(key)
        except BlobMissing:
            return False
        return True

    def size(self, key: str) -> int:
        """Ask the store for the length in bytes."""
        return self._head(key)["size"]

    def delete(self, key: str) -> None:
        """Remove the blob from the store."""
        with _passing_faults():
            obstore.delete(self._store, checked(key))

    def delete_prefix(self, prefix: str) -> None:
        """List what is below the folder and remove it, a thousand blobs a request."""
        with _passing_faults():
            for blobs in obstore.list(self._store, checked(prefix.rstrip("/")), chunk_size=_DELETED_AT_ONCE):
                obstore.delete(self._store, [blob["path"] for blob in blobs])

    def listing(self, prefix: str, after: str = "") -> Iterator[BlobInfo]:
        """Ask the store for a thousand at a time."""
        below = checked(prefix.rstrip("/")) if prefix else None
        with _passing_faults():
            for blobs in obstore.list(self._store, below, offset=after or None, chunk_size=_LISTED_AT_ONCE):
                self._alive()
                for blob in blobs:
                    stored_at = blob["last_modified"].timestamp()
                    yield BlobInfo(key=blob["path"], size=blob["size"], stored_at=stored_at)

    def direct_url(self, key: str, method: Method, ttl_s: int) -> str:
        """Sign an address of the store, by query parameters of AWS Signature Version 4."""
        with _passing_faults():
            return obstore.sign(self._store, method, checked(key), timedelta(seconds=ttl_s))

    def _head(self, key: str) -> "ObjectMeta":
        with _passing_faults():
            try:
                return obstore.head(self._store, checked(key))
            except FileNotFoundError:
                raise missing(key) from None

    def _parts(self, source: Path) -> Iterator[bytes]:
        with source.open("rb") as file:
            while part := file.read(PART_BYTES):
                self._alive()
                yield part

    def _fetch(self, blob: "ObjectMeta", path: Path) -> None:
        with path.open("wb") as file:
            for start in range(0, blob["size"], PART_BYTES):
                self._alive()
                span = (start, min(start + PART_BYTES, blob["size"]))
                # Should the blob be rewritten meanwhile, the parts must not be of two.
                part = obstore.get(self._store, blob["path"], options={"range": span, "if_match": blob["e_tag"]})
                file.write(part.bytes())
            file.flush()
            os.fsync(file.fileno())


def open_s3(settings: Settings, alive: Alive) -> S3Blobs:
    """Open the bucket that the settings name; nothing is sent yet.

    Raises:
        StorageBusy: when the settings make no address.
    """
    options = {"endpoint": settings.s3_endpoint} if settings.s3_endpoint else {}
    if settings.s3_access_key_id:
        options |= {
            "access_key_id": settings.s3_access_key_id,
            "secret_access_key": str(settings.s3_secret_access_key),
        }
    with _passing_faults():
        store = S3Store(
            settings.s3_bucket,
            region=settings.s3_region,
            client_options={
                "allow_http": settings.s3_endpoint.startswith("http://"),
                "connect_timeout": _CONNECT_TIMEOUT,
                "timeout": _REQUEST_TIMEOUT,
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_TIMEOUT},
            **options,  # type: ignore[arg-type]
        )
    return S3Blobs(store, BlobCache(settings.data_dir / "cache", settings.s3_cache_bytes, alive), alive)


def _attributes(key: str) -> "Attributes":
    """How the store presents the blob to whoever follows a direct address: as our own links do."""
    media_type, disposition = shown_as(key)
    return {"Content-Type": media_type, "Content-Disposition": disposition}


def _copy_name(blob: "ObjectMeta") -> str:
    """Name a copy after the blob and its content: one that is rewritten under its key gets another copy."""
    version = blob["e_tag"] or f"{blob['size']} {blob['last_modified']}"
    digest = hashlib.sha256(f"{blob['path']} {version}".encode()).hexdigest()
    return digest + PurePosixPath(blob["path"]).suffix


@contextmanager
def _passing_faults() -> Iterator[None]:
    """Turn the store's and the disk's faults into ours; wrong credentials too, for jobs outlive their mending."""
    try:
        yield
    except (BaseError, OSError) as fault:
        meter.add(BLOB_FAULTS, 1, "s3")
        logger.warning("blob_store_fault kind=%s detail=%.300r", type(fault).__name__, str(fault))
        raise StorageBusy("the file store cannot be used at the moment") from fault
