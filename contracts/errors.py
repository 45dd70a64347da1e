"""Every fault a client or an operator can meet, as one tree.

    MouthpieceError
    ├── RequestError     found in the API, before a job exists
    │   ├── InvalidRequest · Unauthorized · Forbidden · NotFound · MethodNotAllowed · PayloadTooLarge · Conflict
    │   ├── IdempotencyMismatch
    ├── InputError       the client's media; never retried
    │   ├── FetchRefused · FetchFailed · UnreadableMedia · MediaTooLarge · MediaTooLong · NoFace · TooFewFaces
    ├── TransientError   retried by the workflow
    │   ├── FetchTimeout · StorageBusy · EngineMemory · Unavailable · RateLimited · InFlight
    ├── InternalError    the operator's to mend
    │   ├── WeightsMissing · EngineUnknown · EngineFault · AnalysisOutdated
    └── JobCancelled     the client or an operator stopped the job

`code` is stable and part of the API; the message is safe to show a client; detail belongs in logs.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """The stable code of each fault, mapped in every dialect."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    CONFLICT = "conflict"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight"
    RATE_LIMITED = "rate_limited"
    FETCH_REFUSED = "fetch_refused"
    FETCH_FAILED = "fetch_failed"
    UNREADABLE_MEDIA = "unreadable_media"
    MEDIA_TOO_LARGE = "media_too_large"
    MEDIA_TOO_LONG = "media_too_long"
    NO_FACE = "no_face"
    TOO_FEW_FACES = "too_few_faces"
    FETCH_TIMEOUT = "fetch_timeout"
    STORAGE_BUSY = "storage_busy"
    ENGINE_MEMORY = "engine_memory"
    UNAVAILABLE = "unavailable"
    WEIGHTS_MISSING = "weights_missing"
    ENGINE_UNKNOWN = "engine_unknown"
    ENGINE_FAULT = "engine_fault"
    ANALYSIS_OUTDATED = "analysis_outdated"
    INTERNAL = "internal"
    CANCELLED = "cancelled"


class MouthpieceError(Exception):
    """A fault with a stable code.

    Args:
        message: one sentence, safe for clients: what is wrong.
        field: the request field at fault, as the dialect spells it, or "".
        remedy: what the reader can do about it, or "".
    """

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.remedy = remedy

    def __str__(self) -> str:
        """The message, led by its field when it has one: "audio: not an audio file (text/html)"."""
        return f"{self.field}: {self.message}" if self.field else self.message


class RequestError(MouthpieceError):
    """The request itself is at fault; no job was made."""

    code = ErrorCode.INVALID_REQUEST


class InvalidRequest(RequestError):
    """A field is missing, of the wrong type or out of range, or the body is not JSON."""


class Unauthorized(RequestError):
    """No API key, or one that is unknown or revoked."""

    code = ErrorCode.UNAUTHORIZED


class Forbidden(RequestError):
    """The key works, and may not do this."""

    code = ErrorCode.FORBIDDEN


class NotFound(RequestError):
    """No such path, job or file for this key."""

    code = ErrorCode.NOT_FOUND


class MethodNotAllowed(RequestError):
    """The path exists, the method does not."""

    code = ErrorCode.METHOD_NOT_ALLOWED


class PayloadTooLarge(RequestError):
    """The request body is larger than the limit."""

    code = ErrorCode.PAYLOAD_TOO_LARGE


class Conflict(RequestError):
    """The thing asked about is not in a state that allows this."""

    code = ErrorCode.CONFLICT


class IdempotencyMismatch(RequestError):
    """An idempotency key came with another request than at first."""

    code = ErrorCode.IDEMPOTENCY_MISMATCH


class InputError(MouthpieceError):
    """The client's media cannot be used as it is; the same input fails again."""

    code = ErrorCode.UNREADABLE_MEDIA


class FetchRefused(InputError):
    """The address is one this service does not fetch from."""

    code = ErrorCode.FETCH_REFUSED


class FetchFailed(InputError):
    """The other side answered that the file is not to be had."""

    code = ErrorCode.FETCH_FAILED


class UnreadableMedia(InputError):
    """The bytes are not media of an accepted kind, or are damaged."""


class MediaTooLarge(InputError):
    """More bytes, pixels or bits a second than the limit."""

    code = ErrorCode.MEDIA_TOO_LARGE


class MediaTooLong(InputError):
    """More seconds than the limit."""

    code = ErrorCode.MEDIA_TOO_LONG


class NoFace(InputError):
    """No face to drive was found."""

    code = ErrorCode.NO_FACE


class TooFewFaces(InputError):
    """Fewer faces were found than there are voices."""

    code = ErrorCode.TOO_FEW_FACES


class TransientError(MouthpieceError):
    """The same step may well succeed in a moment."""

    code = ErrorCode.UNAVAILABLE
    retryable = True


class FetchTimeout(TransientError):
    """The other side was too slow, unreachable, or answered 408, 429 or 5xx."""

    code = ErrorCode.FETCH_TIMEOUT


class StorageBusy(TransientError):
    """The blob store or the records could not be reached, or the disk is full."""

    code = ErrorCode.STORAGE_BUSY


class EngineMemory(TransientError):
    """The engine ran out of memory."""

    code = ErrorCode.ENGINE_MEMORY


class Unavailable(TransientError):
    """Temporal, or another part this service needs, cannot be reached now."""


class RateLimited(TransientError):
    """More requests than the key's plan admits."""

    code = ErrorCode.RATE_LIMITED


class InFlight(TransientError):
    """The first request with this idempotency key has not been answered yet."""

    code = ErrorCode.IDEMPOTENCY_IN_FLIGHT


class InternalError(MouthpieceError):
    """Nothing the client can change."""


class WeightsMissing(InternalError):
    """An engine's files are missing, damaged or of another network, or their terms are not accepted."""

    code = ErrorCode.WEIGHTS_MISSING


class EngineUnknown(InternalError):
    """No installed engine has this name."""

    code = ErrorCode.ENGINE_UNKNOWN


class EngineFault(InternalError):
    """The engine failed in a way that no retry mends."""

    code = ErrorCode.ENGINE_FAULT


class AnalysisOutdated(InternalError):
    """An earlier release analysed the job, and this one cannot render that: it has to be analysed again."""

    code = ErrorCode.ANALYSIS_OUTDATED


class JobCancelled(MouthpieceError):
    """The job was stopped on request."""

    code = ErrorCode.CANCELLED


def _tree(root: type[MouthpieceError]) -> list[type[MouthpieceError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


#: Codes of faults that no retry mends: Temporal's `non_retryable_error_types`.
NON_RETRYABLE = sorted({str(kind.code) for kind in _tree(MouthpieceError) if not kind.retryable} - {"internal"})

#: Codes of faults after which the same request may well succeed.
RETRYABLE = frozenset(kind.code for kind in _tree(MouthpieceError) if kind.retryable)

_KINDS = {kind.code: kind for kind in _tree(MouthpieceError)}


def fault_of(code: ErrorCode, message: str) -> MouthpieceError:
    """Make the fault that a code stands for, as when it comes back from a workflow."""
    return _KINDS[code](message)
