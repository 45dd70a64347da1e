"""What a file is, and whether it can be used at all: read before any work is spent on it."""

import math
from dataclasses import dataclass
from pathlib import Path

import av

from contracts.errors import UnreadableMedia
from contracts.jobs import Role
from engines.audio import audible_seconds, audio_stream
from engines.base import Waiting
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


def probe(path: Path, role: Role, field: str, most_s: float = math.inf, waiting: Waiting = lambda: None) -> Probe:
    """Look into a file.

    Args:
        path: a local file, whatever its name.
        role: what it is meant to be; sound may come inside a video.
        field: the request's field it came in, for error messages.
        most_s: longest sound that is of use; of a longer one is only told that it is longer.
        waiting: called all along; raises to stop.

    Raises:
        UnreadableMedia: when it is of another kind, holds no such track, or is damaged.
        MediaTooLarge: when it has more pixels, or larger frames, than can be opened.
        MediaTooLong: when a video has more frames.
        MemoryError: when there is too little for it.
    """
    try:
        if role is Role.AUDIO:
            return _probe_audio(path, field, most_s, waiting)
        if role is Role.VIDEO:
            return _probe_video(path, field, waiting)
        return _probe_image(path, field)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise damaged(sniff(path), field) from error


def _probe_audio(path: Path, field: str, most_s: float, waiting: Waiting) -> Probe:
    with open_media(path, Role.AUDIO, field) as container:
        duration_s = audible_seconds(container, audio_stream(container, path, field), field, most_s, waiting)
    if duration_s <= 0:
        raise UnreadableMedia("the audio is empty", field=field, remedy="Send a file with speech in it.")
    return Probe(container=sniff(path).mime, duration_s=duration_s)


def _probe_video(path: Path, field: str, waiting: Waiting) -> Probe:
    video = VideoSource(path, field, waiting)
    width, height = video.size
    return Probe(
        container=sniff(path).mime, duration_s=video.duration_s, width=width, height=height, fps=float(video.fps)
    )


def _probe_image(path: Path, field: str) -> Probe:
    height, width, _ = read_still(path, field).shape
    return Probe(container=sniff(path).mime, width=width, height=height)
