"""What dead processes left behind on this host: half-done steps, half-sent uploads, half-stored files."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def abandoned(data_dir: Path, before: float) -> Iterator[Path]:
    """Find what nobody has touched since `before`, in seconds since 1970, and nobody holds, in a service's folders."""
    for place in ("blobs/.incoming", "scratch", "uploads"):
        for path in sorted(_entries(data_dir / place)):
            with suppress(OSError):
                if _touched_at(path) < before and _is_free(path):
                    yield path


def remove(path: Path) -> bool:
    """Remove what `abandoned` found unless somebody goes on with it; whether it is gone."""
    with suppress(OSError):
        if _is_free(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return not path.exists()


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _touched_at(path: Path) -> float:
    below: list[Path] = list(path.rglob("*")) if path.is_dir() else []
    return max(each.lstat().st_mtime for each in (path, *below))


def _is_free(path: Path) -> bool:
    """Whether no living process holds it: steps own their folder, and uploads are written by one request at a time."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
