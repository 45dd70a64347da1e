"""What gpu workers say of their engines, as small blobs that the API reads.

engines/<host>.<hash of the text>.json
"""

import re
import tempfile
from hashlib import sha256
from pathlib import Path

from contracts.engines import EngineState, read_states, write_states
from storage.blobs import BlobMissing, BlobStore

#: A host that was not heard of for so many seconds has no worker.
FRESH_S = 180.0
#: How long what a host said that is gone is kept.
_KEPT_S = 86_400.0

_FOLDER = "engines"
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9-]")


class Announcements:
    """The engines of each host.

    Args:
        blobs: where they are told.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._read: dict[str, tuple[EngineState, ...]] = {}

    def announce(self, host: str, states: tuple[EngineState, ...], now: float) -> None:
        """Say how the engines of a host stand; to be said again before it is stale.

        Raises:
            StorageBusy: when it cannot be stored at the moment.
        """
        text = write_states(states)
        own = f"{_FOLDER}/{_NOT_IN_KEYS.sub('-', host)[:100]}."
        # What a key holds never changes, so that it is read once.
        key = f"{own}{sha256(text.encode()).hexdigest()[:16]}.json"
        with tempfile.TemporaryDirectory() as folder:
            (path := Path(folder) / "engines.json").write_text(text, encoding="utf-8")
            self._blobs.put(key, path)
        for blob in list(self._blobs.listing(_FOLDER)):
            if blob.key != key and (blob.key.startswith(own) or now - blob.stored_at > _KEPT_S):
                self._blobs.delete(blob.key)

    def fresh(self, now: float) -> list[tuple[EngineState, ...]]:
        """The engines of each host that has a worker.

        Raises:
            StorageBusy: when they cannot be read at the moment.
        """
        keys = [blob.key for blob in self._blobs.listing(_FOLDER) if now - blob.stored_at <= FRESH_S]
        found = {key: self._read[key] if key in self._read else self._states(key) for key in keys}
        self._read = {key: states for key, states in found.items() if states is not None}
        return list(self._read.values())

    def _states(self, key: str) -> tuple[EngineState, ...] | None:
        try:
            return read_states(self._blobs.local(key).read_text(encoding="utf-8"))
        except (BlobMissing, FileNotFoundError, ValueError):
            # Said anew this moment, or by a worker of another release.
            return None
