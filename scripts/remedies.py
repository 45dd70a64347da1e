"""What an operator can do about a failed job, by its error's code; what clients can do is in the error's text."""

from contracts.errors import ErrorCode
from contracts.settings import PREFIX

_REMEDIES = {
    ErrorCode.FETCH_REFUSED: (
        f"If the address is one of yours, list its network or host in {PREFIX}FETCH_ALLOW and start the service again."
    ),
}


def of(code: str) -> str:
    """Return the remedy for a code, or ""."""
    return next((remedy for known, remedy in _REMEDIES.items() if known == code), "")
