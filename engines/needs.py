"""The files that do not come with an engine: which are there, and what is said of those that are not."""

from collections.abc import Sequence
from pathlib import Path

from contracts.engines import Need
from contracts.errors import EngineFault, WeightsMissing


def found_files(need: Need, folder: Path) -> list[Path]:
    """The files of an engine's folder that may be the one it needs, sorted.

    Raises:
        WeightsMissing: when the folder may not be looked into.
        EngineFault: when a path of the need is none below a folder.
    """
    try:
        return sorted({path for pattern in need.paths for path in folder.glob(pattern) if path.is_file()})
    except OSError as fault:
        raise WeightsMissing(
            f"the folder {folder.name}/ cannot be read: {fault.strerror}",
            remedy=f"Let the user that the workers run as read {folder} and what is in it.",
        ) from fault
    except (ValueError, NotImplementedError) as fault:
        raise EngineFault(
            f"the engine {folder.name!r} needs a file by no path below its folder: {need}",
            remedy="Have its package name files relative to its folder.",
        ) from fault


def require_files(needs: Sequence[Need], folder: Path) -> None:
    """See that each file is there.

    Raises:
        WeightsMissing: naming all that are not.
    """
    lacking = [need for need in needs if not found_files(need, folder)]
    if lacking:
        raise WeightsMissing(
            f"the engine {folder.name!r} lacks {'; '.join(map(str, lacking))}",
            remedy=f"{_where_from(lacking)} Put {'it' if len(lacking) == 1 else 'them'} into {folder}.",
        )


def _where_from(needs: Sequence[Need]) -> str:
    by_source: dict[str, list[str]] = {}
    for need in needs:
        by_source.setdefault(need.source, []).append(need.what)
    return " ".join(f"Get {' and '.join(whats)} from {source}." for source, whats in by_source.items())


def only_file(need: Need, folder: Path) -> Path:
    """The one file that is needed.

    Raises:
        WeightsMissing: when there is none, or more than one.
    """
    require_files([need], folder)
    found = found_files(need, folder)
    if len(found) > 1:
        raise WeightsMissing(
            f"{folder.name}/ holds several files for {need.what}: {', '.join(path.name for path in found)}",
            remedy=f"Keep the one in {folder} that is to be used, and move the others elsewhere.",
        )
    return found[0]
