"""How far the lips of a video are apart."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.faces import FaceFinder, inter_ocular_px

_UPPER_LIP, _LOWER_LIP = 13, 14


def openings(frames: Sequence[Frame]) -> NDArray[np.float32]:
    """How far the lips are apart in each frame, in distances between the eyes."""
    faces = [face for face in FaceFinder(torch.device("cpu")).track(frames) if face]
    assert len(faces) == len(frames)
    landmarks = np.stack([face.landmarks for face in faces])
    gaps = np.linalg.norm(landmarks[:, _UPPER_LIP] - landmarks[:, _LOWER_LIP], axis=-1)
    return np.asarray(gaps / inter_ocular_px(landmarks), np.float32)
