"""The files that do not come with an engine: which are there, and what is said of those that are not."""

from collections.abc import Sequence
from pathlib import Path

from contracts.engines import Need
from contracts.errors import WeightsMissing


def found_files(need: Need, folder: Path) -> list[Path]:
    """The files of an engine's folder that may be the one it needs, sorted."""
    return sorted({path for pattern in need.paths for path in folder.glob(pattern) if path.is_file()})


def require_files(needs: Sequence[Need], folder: Path) -> None:
    """See that each file is there.

    Raises:
        WeightsMissing: naming all that are not.
    """
    lacking = [need for need in needs if not found_files(need, folder)]
    if lacking:
        raise WeightsMissing(
            f"the engine {folder.name!r} lacks {'; '.join(map(str, lacking))}",
            remedy=" ".join(f"Get {need.what} from {need.source}." for need in lacking) + f" Put it in {folder}.",
        )


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
