"""What the demo looks at and shows: whether a video plays, how long it is, frames side by side, a preview clip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from contracts.errors import UnreadableMedia
from engines.base import Frame
from engines.stills import read_still

_CELL_PX = 240
_CELLS = 6
_LABEL_PX = 26
#: Where colours change by more than this between two shown frames, something has moved.
_MOVED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """A video as a player sees it: frames counted by decoding them all, sound as long as the file says."""

    frames: int
    fps: Fraction
    width: int
    height: int
    audio_s: float

    @property
    def seconds(self) -> float:
        """Length of the picture."""
        return float(self.frames / self.fps)


def play(path: Path) -> Playback:
    """Decode a whole video.

    Raises:
        UnreadableMedia: when it has no picture or no sound, or does not decode.
    """
    try:
        with av.open(str(path)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            return Playback(
                frames=sum(1 for _ in container.decode(video)),
                fps=video.average_rate or Fraction(25),
                width=video.width,
                height=video.height,
                # Decoded AAC is longer than its sound by the encoder's delay, which the file tells players to skip.
                audio_s=float((audio.duration or 0) * (audio.time_base or 0)),
            )
    except (av.FFmpegError, IndexError) as fault:
        raise UnreadableMedia(f"{path.name} does not play: {fault}") from fault


def audio_seconds(path: Path) -> float:
    """Length of a file's sound, counted in samples."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return sum(frame.samples for frame in container.decode(stream)) / stream.rate


def contact_sheet(portrait: Path, spoken: Path, dubbed: Path, out: Path) -> None:
    """Draw two blocks of two rows: the portrait above itself speaking, and that video above its dub."""
    still = read_still(portrait)
    spoken_frames, dubbed_frames = _spread(spoken), _spread(dubbed)
    area = _moving_area(spoken_frames)
    rows = {
        "before: the portrait": [_fit(still, spoken_frames[0])] * _CELLS,
        "after: lipsync-image": spoken_frames,
        "before: that video": spoken_frames,
        "after: lipsync/submit, with a second voice": dubbed_frames,
    }
    sheet = np.concatenate([part for label, cells in rows.items() for part in (_label(label), _row(cells, area))])
    cv2.imwrite(str(out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def preview(portrait: Path, spoken: Path, dubbed: Path, out: Path) -> None:
    """Write a clip of before and after side by side: the portrait made to speak, then that video dubbed."""
    from moviepy import ImageClip, VideoFileClip, clips_array, concatenate_videoclips

    with VideoFileClip(str(spoken)) as first, VideoFileClip(str(dubbed)) as second:
        still = ImageClip(str(portrait)).resized(first.size).with_duration(first.duration)
        spoken_pair = clips_array([[still, first]]).with_duration(first.duration)
        before = first.without_audio().with_duration(min(first.duration, second.duration))
        dubbed_pair = clips_array([[before, second]]).with_duration(second.duration)
        both = concatenate_videoclips([spoken_pair, dubbed_pair])
        both.write_videofile(
            str(out), codec="libx264", audio_codec="aac", logger=None, temp_audiofile_path=str(out.parent)
        )


def _spread(path: Path) -> list[Frame]:
    """Frames spread evenly over a video: uint8 RGB (H, W, 3) each."""
    total = play(path).frames
    wanted = {round((index + 0.5) * total / _CELLS) for index in range(_CELLS)}
    return [frame for number, frame in enumerate(_frames(path)) if number in wanted]


def _frames(path: Path) -> Iterator[Frame]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def _fit(still: Frame, like: Frame) -> Frame:
    return np.asarray(cv2.resize(still, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)


def _moving_area(frames: Sequence[Frame]) -> tuple[slice, slice]:
    """The square around the largest thing that moves, with some room; specks of noise do not count."""
    stack = np.stack(frames)
    change = cv2.blur((stack.max(0) - stack.min(0)).max(-1), (9, 9))
    _, _, boxes, _ = cv2.connectedComponentsWithStats((change > _MOVED).astype(np.uint8))
    height, width = change.shape
    if len(boxes) == 1:  # the first box is the background's
        return slice(0, height), slice(0, width)
    x, y, box_width, box_height, _ = boxes[1:][boxes[1:, cv2.CC_STAT_AREA].argmax()]
    side = min(2 * max(box_width, box_height) + 32, height, width)
    top = int(np.clip(y + (box_height - side) // 2, 0, height - side))
    left = int(np.clip(x + (box_width - side) // 2, 0, width - side))
    return slice(top, top + side), slice(left, left + side)


def _row(frames: Sequence[Frame], area: tuple[slice, slice]) -> Frame:
    cells = [cv2.resize(frame[area], (_CELL_PX, _CELL_PX), interpolation=cv2.INTER_AREA) for frame in frames]
    return np.concatenate(cells, axis=1).astype(np.uint8)


def _label(text: str) -> Frame:
    bar = np.full((_LABEL_PX, _CELL_PX * _CELLS, 3), 255, np.uint8)
    cv2.putText(bar, text, (8, _LABEL_PX - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
    return bar
