"""What each error code means and what to do about it, for people who meet one."""

from dataclasses import dataclass

from contracts.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Meaning:
    """An error's short name, what it says, and what its reader can do."""

    title: str
    meaning: str
    remedy: str


#: Every code.
CATALOGUE: dict[ErrorCode, Meaning] = {
    ErrorCode.INVALID_REQUEST: Meaning(
        "Invalid request",
        "A field is missing, of the wrong type or out of range, or the body is not JSON.",
        "Correct the field that the error names and send the request again.",
    ),
    ErrorCode.UNAUTHORIZED: Meaning(
        "Unauthorized",
        "No API key was sent, or one that is unknown or revoked.",
        "Send a working key as 'Authorization: Bearer sk_...' or 'X-API-Key: sk_...'.",
    ),
    ErrorCode.FORBIDDEN: Meaning(
        "Forbidden",
        "The key works, and lacks the scope that this call needs (submit, read or admin) or may not use the engine.",
        "Use a key that may, or have the operator let this one.",
    ),
    ErrorCode.NOT_FOUND: Meaning(
        "Not found",
        "There is no such path, job, batch, webhook or file, or it belongs to another key.",
        "Check the address and that the key is the one that made it.",
    ),
    ErrorCode.METHOD_NOT_ALLOWED: Meaning(
        "Method not allowed",
        "The path exists, but not for this HTTP method.",
        "Use a method that the Allow header names.",
    ),
    ErrorCode.PAYLOAD_TOO_LARGE: Meaning(
        "Payload too large", "The request's body is larger than the limit.", "Send less; upload files beforehand."
    ),
    ErrorCode.CONFLICT: Meaning(
        "Conflict",
        "The job is not in a state that allows this: only what goes on can be cancelled, only what ended deleted.",
        "Ask how the job stands and try again when it has moved on.",
    ),
    ErrorCode.IDEMPOTENCY_MISMATCH: Meaning(
        "Idempotency key reused",
        "The Idempotency-Key came with another request before.",
        "Use a new key for a new request, and the old one only to repeat the old request.",
    ),
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: Meaning(
        "First request not answered yet",
        "The first request with this Idempotency-Key is still being worked on.",
        "Send the same request again after the time in Retry-After.",
    ),
    ErrorCode.RATE_LIMITED: Meaning(
        "Too many requests",
        "The key's plan admits fewer requests a minute.",
        "Wait for the time in Retry-After; submitted jobs are not affected.",
    ),
    ErrorCode.FETCH_REFUSED: Meaning(
        "Address refused",
        "An input's or webhook's address is one that this service does not connect to, as in a private network.",
        "Use a public address, upload the file, or have the operator allow the network.",
    ),
    ErrorCode.FETCH_FAILED: Meaning(
        "Input not available",
        "The server of an input's address answered that the file is not to be had.",
        "Open the address in a browser; send one that works without signing in.",
    ),
    ErrorCode.UNREADABLE_MEDIA: Meaning(
        "Unreadable media",
        "An input is not media of an accepted kind, or is damaged.",
        "Send a file that plays: MP4, MOV or WebM; MP3, WAV or M4A; JPEG, PNG or WebP.",
    ),
    ErrorCode.MEDIA_TOO_LARGE: Meaning(
        "Media too large", "An input has more bytes, pixels or bits a second than the limit.", "Send a smaller file."
    ),
    ErrorCode.MEDIA_TOO_LONG: Meaning(
        "Media too long", "An input lasts longer than the limit.", "Cut it, and send the parts as jobs of their own."
    ),
    ErrorCode.NO_FACE: Meaning(
        "No face", "No face to drive was found in the picture or video.", "Send one in which a face is seen clearly."
    ),
    ErrorCode.TOO_FEW_FACES: Meaning(
        "Too few faces",
        "Fewer faces were found than there are voices.",
        "Send a picture that shows a face for each voice.",
    ),
    ErrorCode.FETCH_TIMEOUT: Meaning(
        "Input too slow",
        "The server of an input's address was too slow, unreachable, or busy, and stayed so over several tries.",
        "Try again later, or upload the file.",
    ),
    ErrorCode.STORAGE_BUSY: Meaning(
        "Storage busy", "Files or records could not be reached, or the disk is full.", "Try again after a while."
    ),
    ErrorCode.ENGINE_MEMORY: Meaning(
        "Out of memory", "The engine ran out of memory.", "Try again, or at a lower resolution."
    ),
    ErrorCode.UNAVAILABLE: Meaning(
        "Unavailable",
        "A part of this service cannot be reached at the moment.",
        "Send the same request again after the time in Retry-After.",
    ),
    ErrorCode.WEIGHTS_MISSING: Meaning(
        "Engine not installed whole",
        "Files of the engine are missing, damaged or of another network, or their terms are not accepted.",
        "The operator can see with `mouthpiece engines NAME` which.",
    ),
    ErrorCode.ENGINE_UNKNOWN: Meaning(
        "Unknown engine",
        "The engine that the job names is not installed where it was to run.",
        "The operator has to install or rename it.",
    ),
    ErrorCode.ENGINE_FAULT: Meaning(
        "Engine fault", "The engine failed in a way that trying again does not mend.", "Report the job's id."
    ),
    ErrorCode.ANALYSIS_OUTDATED: Meaning(
        "Analysis of another release",
        "Workers of two releases analysed and rendered the job by turns, and stayed so over several tries.",
        "Retry the job from the start once the operator has brought all workers to one release.",
    ),
    ErrorCode.INTERNAL: Meaning(
        "Internal error", "Something went wrong inside the service.", "Report the request's id."
    ),
    ErrorCode.CANCELLED: Meaning(
        "Cancelled", "The job was stopped on request.", "Run it again with a retry, or submit it anew."
    ),
}
