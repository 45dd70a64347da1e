"""The lips in a video as mediapipe 0.10.21 sees them; run by an interpreter that has it.

usage: python mediapipe_lips.py VIDEO
Prints a JSON list of [gap, width] for each frame, in distances of the eyes' outer corners; NaN without a face.
Videos are to show one person.
"""

import json
import sys

import cv2
import mediapipe
import numpy as np
from numpy.typing import NDArray

_INNER_LIPS = ((82, 87), (13, 14), (312, 317))
_CORNERS = (61, 291)
_EYES = (33, 263)


def main(path: str) -> None:
    """Print the lips of one file."""
    marks = np.stack(_landmarks(path))
    unit = _apart(marks, *_EYES)
    gap = np.mean([_apart(marks, upper, lower) for upper, lower in _INNER_LIPS], axis=0) / unit
    rows = np.stack([gap, _apart(marks, *_CORNERS) / unit], axis=1)
    sys.stdout.write(json.dumps(np.round(rows, 5).tolist()) + "\n")


def _landmarks(path: str) -> list[NDArray[np.float64]]:
    mesh = mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True)
    video = cv2.VideoCapture(path)
    found: list[NDArray[np.float64]] = []
    while True:
        more, picture = video.read()
        if not more:
            return found
        faces = mesh.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).multi_face_landmarks
        size = np.array([picture.shape[1], picture.shape[0]])
        places = [(point.x, point.y) for point in faces[0].landmark] if faces else np.full((478, 2), np.nan)
        found.append(np.asarray(places, np.float64) * size)


def _apart(marks: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(marks[:, one] - marks[:, other], axis=-1))


if __name__ == "__main__":
    main(sys.argv[1])
