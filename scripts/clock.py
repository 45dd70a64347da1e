"""The time, as records and replies spell it."""

from datetime import UTC, datetime


def now_text() -> str:
    """UTC now, ISO 8601 with a trailing Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
