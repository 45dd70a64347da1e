"""What the engines are measured with: clips of a size, the face in them, weights, and a voice."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from engines.base import Frame
from engines.encode import encode_segment
from engines.media import VideoSource
from engines.people.faces import FaceFinder
from engines.stills import read_still
from engines.wav2lip.network import Layout, Wav2Lip
from scripts.speed.apart import Numbers, Ready
from scripts.speed.clips import looped, voice_of
from scripts.speed.fixed_face import keep
from scripts.speed.generated_weights import fill
from scripts.speed.tasks import Footage

_SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"
_FPS = Fraction(25)
#: A clip may be so much longer than asked for, in frames, and is taken as it is.
_SPARE = 3


def make(footage: Footage, ready: Ready) -> Numbers:
    """Make it.

    Returns:
        `width`, `height`, `frames` of the clip, and the face's box in whole pixels: `left`, `top`, `right`, `bottom`.
    """
    ready()
    footage.folder.mkdir(parents=True, exist_ok=True)
    voice_of(footage.sound, footage.voice, footage.seconds)
    _make_clip(footage)
    clip = VideoSource(footage.clip)
    face = FaceFinder(torch.device("cpu")).find(next(clip.frames_at(np.zeros(1, np.int32), clip.size)))[0]
    keep(face, footage.face)
    footage.weights.parent.mkdir(parents=True, exist_ok=True)
    _write_weights(footage)
    width, height = clip.size
    left, top, right, bottom = face.box
    box = {
        "left": max(int(left), 0),
        "top": max(int(top), 0),
        "right": min(int(right), width),
        "bottom": min(int(bottom) + 10, height),
    }
    return {"width": width, "height": height, "frames": len(clip), **box}


def _write_weights(footage: Footage) -> None:
    if footage.engine == "musetalk":
        # Its libraries take seconds to import.
        from scripts.speed.musetalk_weights import write

        write(footage.weights)
        return
    network = Wav2Lip(Layout.SMALL)
    fill(network)
    torch.save({"state_dict": network.state_dict()}, footage.weights)


def repeat(both: tuple[Footage, Footage], ready: Ready) -> Numbers:
    """Make a longer clip and voice of those that `make` made, by repeating them."""
    short, long = both
    ready()
    long.folder.mkdir(parents=True)
    looped(short.clip, long.clip, "video", long.seconds)
    voice_of(short.voice, long.voice, long.seconds)
    return {}


def _make_clip(footage: Footage) -> None:
    """The source itself where its length fits, else its beginning encoded again."""
    wanted = round(footage.seconds * _FPS)
    if footage.source is None:
        size = footage.width, footage.height
        encode_segment(islice(_moving_portrait(*size), wanted), _FPS, size, footage.clip)
        return
    source = VideoSource(footage.source)
    wanted = min(round(footage.seconds * source.fps), len(source))
    if len(source) <= wanted + _SPARE:
        footage.clip.symlink_to(footage.source.absolute())
        return
    encode_segment(
        source.frames_at(np.arange(wanted, dtype=np.int32), source.size), source.fps, source.size, footage.clip
    )


def _moving_portrait(width: int, height: int) -> Iterator[Frame]:
    """The sample portrait, swaying by a few pixels, as wide as the picture or as high."""
    portrait = read_still(_SAMPLES / "portrait.png")
    scale = max(width, height) / len(portrait)
    number = 0
    while True:
        x, y = 4 * np.sin(number / 9), 3 * np.sin(number / 7)
        matrix = np.array([[scale, 0, (width - scale * 512) / 2 + x], [0, scale, (height - scale * 512) / 2 + y]])
        yield np.asarray(
            cv2.warpAffine(portrait, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
        )
        number += 1
