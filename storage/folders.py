"""The data folder: records, secrets and everyone's files lie there."""

from pathlib import Path

#: What anyone but its owner may do with the folder.
_OTHERS = 0o077


def make_private(folder: Path) -> Path:
    """Make a folder that nobody but its owner enters, whatever lies in it; one that is there stays as it is.

    Raises:
        OSError: when it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def is_private(folder: Path) -> bool:
    """Whether nobody but its owner enters a folder."""
    return not folder.stat().st_mode & _OTHERS
