"""What a file is, and whether it can be used at all: read before any work is spent on it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av

from contracts.errors import UnreadableMedia
from contracts.jobs import Role
from engines.audio import audible_seconds, audio_stream
from engines.containers import damaged, open_media, sniff
from engines.media import VideoSource
from engines.stills import read_still


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An accepted file.

    Attributes:
        container: MIME type by content ("video/mp4").
        duration_s: exact length in seconds; 0 for stills.
        width, height: upright pixels; 0 for sound.
        fps: nominal frames per second; 0 for stills and sound.
    """

    container: str
    duration_s: float = 0.0
    width: int = 0
    height: int = 0
    fps: float = 0.0


def probe(path: Path, role: Role, field: str) -> Probe:
    """Look into a file.

    Args:
        path: a local file, whatever its name.
        role: what it is meant to be; sound may come inside a video.
        field: the request's field it came in, for error messages.

    Raises:
        UnreadableMedia: when it is of another kind, holds no such track, or is damaged.
        MediaTooLarge: when an image has more pixels than can be opened.
    """
    try:
        return _PROBES[role](path, field)
    except (av.FFmpegError, ValueError) as error:
        raise damaged(sniff(path), field) from error


def _probe_audio(path: Path, field: str) -> Probe:
    with open_media(path, Role.AUDIO, field) as container:
        duration_s = audible_seconds(container, audio_stream(container, path, field))
    if duration_s <= 0:
        raise UnreadableMedia("the audio is empty", field=field, remedy="Send a file with speech in it.")
    return Probe(container=sniff(path).mime, duration_s=duration_s)


def _probe_video(path: Path, field: str) -> Probe:
    video = VideoSource(path, field)
    width, height = video.size
    return Probe(
        container=sniff(path).mime, duration_s=video.duration_s, width=width, height=height, fps=float(video.fps)
    )


def _probe_image(path: Path, field: str) -> Probe:
    height, width, _ = read_still(path, field).shape
    return Probe(container=sniff(path).mime, width=width, height=height)


_PROBES: dict[Role, Callable[[Path, str], Probe]] = {
    Role.AUDIO: _probe_audio,
    Role.VIDEO: _probe_video,
    Role.IMAGE: _probe_image,
}
