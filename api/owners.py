"""Whose a blob is, and links that end with their owner's key."""

from api.services import services
from storage.links import LinkExpired

_UPLOADS, _JOBS = "uploads", "jobs"


def owner_of(blob_key: str) -> str:
    """Return the id of the key that a blob belongs to; "" when the records do not know it."""
    folder, name, *_ = blob_key.split("/")
    if folder == _UPLOADS:
        return name
    record = services().records.jobs.find(name) if folder == _JOBS else None
    return record.key_id if record else ""


def check_owner(blob_key: str) -> None:
    """Let a link die with the key it was made for: whoever revokes a key wants what it gave away back.

    Raises:
        LinkExpired: when that key was revoked.
    """
    key = services().records.keys.get(owner_of(blob_key))
    if key is not None and key.revoked_at:
        raise LinkExpired("the key that this link belongs to was revoked", remedy="Ask whoever gave you the link.")
