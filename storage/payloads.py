"""What Temporal stores, encrypted: inputs, results, memos, progress, and the messages of failures.

Each payload is sealed whole with AES-256-GCM under a nonce of its own; beside it stands which key that was.
"""

import hashlib
import logging
import os
from base64 import b64decode
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from contracts.errors import InternalError
from contracts.settings import PREFIX

logger = logging.getLogger(__name__)

SETTING = f"{PREFIX}PAYLOAD_KEYS"
ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"

_NONCE_BYTES = 12


class PayloadLocked(InternalError):
    """Something that Temporal holds is encrypted with a key that this process lacks, or was changed since."""


class Seal(PayloadCodec):
    """Encrypts with the first of several keys and decrypts with any; what was never encrypted is read as it is.

    Args:
        keys: one or more, of 32 bytes each.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        # Loaded here, for processes without keys can do without it.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self._first = key_id(keys[0])

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt."""
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt.

        Raises:
            PayloadLocked: when it cannot be done.
        """
        return [self._opened(payload) if _is_sealed(payload) else payload for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        nonce, name = os.urandom(_NONCE_BYTES), self._first.encode()
        data = nonce + self._ciphers[self._first].encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: name}, data=data)

    def _opened(self, payload: Payload) -> Payload:
        from cryptography.exceptions import InvalidTag

        name = payload.metadata[KEY_ID]
        cipher = self._ciphers.get(name.decode(errors="replace"))
        if cipher is None:
            raise _locked(name)
        try:
            return Payload.FromString(cipher.decrypt(payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:], name))
        except (InvalidTag, ValueError):
            raise PayloadLocked("something that Temporal holds was changed after it was encrypted") from None


class NoSeal(PayloadCodec):
    """Leaves everything as it is, and says what is missing when it meets something encrypted."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Change nothing."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Change nothing.

        Raises:
            PayloadLocked: when something is encrypted.
        """
        for payload in payloads:
            if _is_sealed(payload):
                raise _locked(payload.metadata[KEY_ID])
        return list(payloads)


def data_converter(keys: str) -> DataConverter:
    """Make what every client of Temporal is given, so that all of them read what any of them wrote.

    Args:
        keys: the setting `payload_keys`; empty, nothing is encrypted.
    """
    if not keys:
        return DataConverter(payload_codec=NoSeal())
    return DataConverter(
        payload_codec=Seal([b64decode(key) for key in keys.split(",")]),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def key_id(key: bytes) -> str:
    """Name a key without telling it."""
    return hashlib.sha256(key).hexdigest()[:8]


def _is_sealed(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING


def _locked(name: bytes) -> PayloadLocked:
    shown = name.decode("ascii", errors="replace")
    # A worker's failed steps reach no other log of ours: the SDK reports them before they are steps.
    logger.error("payload_locked key=%s setting=%s", shown, SETTING)
    return PayloadLocked(
        f"what Temporal holds is encrypted with the key {shown}, which {SETTING} of this process lacks",
        remedy=f"Give every process the same {SETTING}; keep a key there until no job that used it is left.",
    )
