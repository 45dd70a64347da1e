"""Backups beside one another in a folder, each named by its time: the newest are kept, older ones removed."""

import re
import shutil
from pathlib import Path

from storage.backup import MANIFEST

#: How a backup is named by its time, in UTC, for `strftime`.
DATED = "%Y-%m-%dT%H%M%SZ"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z(\.unfinished)?")


def rotate(folder: Path, keep: int) -> list[Path]:
    """Remove whole backups but for the newest, and what older ones left that never became whole.

    Whatever is not named as a backup is, or holds none, stays.

    Args:
        folder: where they lie.
        keep: how many stay, 1 or more.

    Returns:
        What was removed, oldest first.

    Raises:
        OSError: when one cannot be removed.
    """
    named = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())
    whole = [path for path in named if (path / MANIFEST).is_file() and not path.name.endswith(".unfinished")]
    if not whole:
        return []
    broken = [path for path in named if path.name.endswith(".unfinished") and path.name < whole[-1].name]
    gone = sorted([*whole[:-keep], *broken])
    for path in gone:
        shutil.rmtree(path)
    return gone
