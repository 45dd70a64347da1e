"""Which clips are judged, and what is known of their sound."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from contracts.jobs import Side

#: The language whose words are recognised.
ENGLISH = "English"
#: The clips whose offsets are known.
KNOWN = Path(__file__).with_name("clips.json")
_ENDINGS = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"})


class Tier(StrEnum):
    """How well it is known when the sound comes."""

    IN_SYNC = "in sync"
    CLEAR = "clear"
    LIKELY = "likely"
    OFFSET = "offset"
    WEAK = "weak"
    UNKNOWN = "unknown"

    @property
    def counts(self) -> bool:
        """Whether clips of this tier enter the means."""
        return self not in (Tier.WEAK, Tier.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A video of a person who speaks with their own voice.

    Attributes:
        path: the file.
        late_ms: how long after the lips their sound comes; negative: before them.
        tier: how well that is known.
        language: as a word, "" when unknown.
        side: which half of the picture the speaker is in, of two.
    """

    path: Path
    late_ms: float = 0.0
    tier: Tier = Tier.UNKNOWN
    language: str = ""
    side: Side = Side.ONLY

    @property
    def label(self) -> str:
        """Its name in tables and folders."""
        return self.path.stem if self.side is Side.ONLY else f"{self.path.stem}-{self.side}"


def clips_in(folder: Path, listing: Path | None) -> list[Clip]:
    """The clips to judge.

    Args:
        folder: where the videos lie.
        listing: a JSON list of objects with `name`, `late_ms`, `tier` and, if need be, `language` and `side`. Without
            it, those of `KNOWN` that lie in the folder; where none does, every video, as if its sound were in time.

    Raises:
        click.ClickException: when a listed clip is not there, an entry cannot be read, or there is nothing to judge.
    """
    if listing:
        return _listed(listing, folder)
    known = [clip for clip in _listed(KNOWN, folder, required=False) if clip.path.is_file()]
    clips = known or [Clip(path=path) for path in sorted(folder.iterdir()) if path.suffix.lower() in _ENDINGS]
    if not clips:
        raise click.ClickException(f"{folder} holds no videos: name a folder that does")
    return clips


def _listed(listing: Path, folder: Path, *, required: bool = True) -> list[Clip]:
    try:
        clips = [_clip(entry, folder) for entry in json.loads(listing.read_text(encoding="utf-8"))]
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{listing} is no list of clips: {error!r}; see {KNOWN}") from error
    absent = [clip.path.name for clip in clips if not clip.path.is_file()]
    if required and absent:
        raise click.ClickException(f"{folder} lacks {', '.join(absent)}, which {listing} lists")
    return clips


def _clip(entry: dict[str, str | float], folder: Path) -> Clip:
    return Clip(
        path=folder / str(entry["name"]),
        late_ms=float(entry["late_ms"]),
        tier=Tier(str(entry["tier"])),
        language=str(entry.get("language", "")),
        side=Side(str(entry.get("side", Side.ONLY))),
    )
