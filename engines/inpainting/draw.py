"""The way of frames through an engine that draws faces anew, in memory that does not grow with their number.

Networks work in batches, whose size may decide the last bits of what they give. So a batch is always as large: where a
segment ends or faces are missing, the last face is drawn again in the places that are left. What a frame becomes does
not depend on how the frames are cut into segments.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from engines.base import Frame, Report
from engines.inpainting.paste import Place, paste
from engines.inpainting.plan import FacePlan

#: A change weaker than this is not seen.
FAINT = 0.01
#: Faces smaller than this are not drawn, in pixels.
_LEAST_PX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """One face to be drawn.

    Attributes:
        plan: whose it is.
        number: of the output frame.
        pixels: uint8 RGB (S, S, 3), the box scaled to the network's size.
    """

    plan: FacePlan
    number: int
    pixels: Frame

    @property
    def source(self) -> int:
        """Number of the source frame."""
        return int(self.plan.shown[self.number])

    @property
    def place(self) -> Place:
        """Where the face belongs."""
        plan, source = self.plan, self.source
        return Place(
            box=plan.boxes[source],
            outline=plan.outlines[source],
            strength=float(plan.strength[source]),
            grain=float(plan.grain[source]),
            number=source,
        )


#: What waits for faces that are being drawn: uint8 RGB (S, S, 3) each, one for each crop.
Drawn = Callable[[], Sequence[Frame]]
#: Begins to draw a batch of crops, of always the same number.
Draw = Callable[[Sequence[Crop]], Drawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """How a network wants its faces.

    Attributes:
        side: of its pictures, in pixels.
        interpolation: of OpenCV, by which boxes are scaled to it.
        batch: how many it draws at once.
        ahead: how many batches are begun before the first of them is waited for.
    """

    side: int
    interpolation: int
    batch: int
    ahead: int = 1


@dataclass(frozen=True, slots=True)
class _Group:
    """Frames that were taken together, their crops, and what waits for those to be drawn."""

    frames: Sequence[Frame]
    crops: Sequence[Crop]
    waits: Sequence[Drawn]
    start: int


def inpainted(
    frames: Iterable[Frame], plans: Sequence[FacePlan], start: int, canvas: Canvas, draw: Draw, report: Report
) -> Iterator[Frame]:
    """Yield output frames: the given ones with the faces in them drawn anew; as it is where none is to be driven.

    The next batches are begun before one is put in place, so that they are drawn meanwhile.

    Args:
        frames: what output frames start, start + 1, … show; not changed.
        plans: of each speaker.
        start: number of the first output frame.
        canvas: how the network wants faces.
        draw: begins to draw.
        report: called for every batch; raises to stop.
    """
    groups = _begun(iter(frames), plans, start, canvas, draw, report)
    waiting = deque(islice(groups, canvas.ahead))
    while waiting:
        group = waiting.popleft()
        faces = [face for drawn in group.waits for face in drawn()]
        waiting.extend(islice(groups, 1))
        yield from _pasted(group, faces)


def _begun(
    frames: Iterator[Frame], plans: Sequence[FacePlan], start: int, canvas: Canvas, draw: Draw, report: Report
) -> Iterator[_Group]:
    """Groups of frames whose faces are being drawn."""
    first = start
    while taken := list(islice(frames, canvas.batch)):
        crops = [
            crop
            for number, frame in enumerate(taken, first)
            for plan in plans
            if (crop := _crop(frame, plan, number, canvas)) is not None
        ]
        batches = [crops[begin : begin + canvas.batch] for begin in range(0, len(crops), canvas.batch)]
        waits = [draw([*batch, *batch[-1:] * (canvas.batch - len(batch))]) for batch in batches]
        yield _Group(taken, crops, waits, first)
        first += len(taken)
        report(min((first - start) / max(len(plans[0].shown) - start, 1), 1.0))


def _crop(frame: Frame, plan: FacePlan, number: int, canvas: Canvas) -> Crop | None:
    """The face to draw in output frame `number`, if any."""
    source = plan.shown[number]
    left, top, right, bottom = plan.boxes[source].tolist()
    if plan.strength[source] < FAINT or min(right - left, bottom - top) < _LEAST_PX:
        return None
    pixels = cv2.resize(frame[top:bottom, left:right], (canvas.side, canvas.side), interpolation=canvas.interpolation)
    return Crop(plan=plan, number=number, pixels=np.asarray(pixels, np.uint8))


def _pasted(group: _Group, faces: Sequence[Frame]) -> Iterator[Frame]:
    """Each frame of a group with its faces put in place."""
    # A batch that was filled up gives more faces than there are crops.
    waiting = deque(zip(group.crops, faces, strict=False))
    for number, frame in enumerate(group.frames, group.start):
        result = frame
        while waiting and waiting[0][0].number == number:
            crop, face = waiting.popleft()
            if result is frame:
                result = frame.copy()
            paste(result, face, crop.pixels, crop.place)
        yield result
