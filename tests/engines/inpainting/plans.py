"""Plans of faces that were never analysed."""

import numpy as np

from engines.inpainting.plan import FacePlan


def plan_of(
    frames: int, box: tuple[int, int, int, int], *, absent: tuple[int, ...] = (), strength: float = 1.0
) -> FacePlan:
    """A face in the same place of every frame, but the absent ones; what may change is the middle of its box."""
    left, top, right, bottom = box
    low, high = np.array([left, top]), np.array([right, bottom])
    corners = low + (high - low) * np.array([[0.2, 0.5], [0.8, 0.5], [0.8, 0.9], [0.2, 0.9]])
    driven = np.full(frames, strength, np.float32)
    driven[list(absent)] = 0
    return FacePlan(
        shown=np.arange(frames, dtype=np.int32),
        boxes=np.tile(np.array(box, np.int32), (frames, 1)),
        outlines=np.tile(corners.astype(np.float32), (frames, 1, 1)),
        strength=driven,
        grain=np.zeros(frames, np.float32),
        speech=np.zeros((80, 40), np.float32),
        begins=np.arange(frames, dtype=np.int64),
        points=np.zeros((frames, 0, 2), np.float32),
        presence=np.zeros(frames, np.float32),
    )
