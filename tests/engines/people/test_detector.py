"""The face detector against the TensorFlow Lite model it was converted from.

`detector_reference.npz` holds two pictures (2, 192, 192, 3), the original's logits (2, 2304), and its raw places
(2, 50, 16) at the 50 highest-scoring anchors of each, computed by LiteRT 2.3.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.people.detector import GRID, INPUT_SIZE, Detections, FaceDetector
from engines.people.landmarker import WEIGHTS
from engines.weights import load_weights

pytestmark = pytest.mark.unit

REFERENCE = np.load(Path(__file__).parent / "detector_reference.npz")


@pytest.fixture(scope="module")
def detections() -> Detections:
    detector = FaceDetector()
    load_weights(detector, WEIGHTS, "face_detector.safetensors")
    pictures = torch.from_numpy(REFERENCE["pictures"]).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        found: Detections = detector(pictures)
    return found


def test_scores_equal_the_original(detections: Detections) -> None:
    expected = torch.sigmoid(torch.from_numpy(REFERENCE["logits"]))
    assert torch.allclose(detections.scores, expected, atol=1e-4)


def test_boxes_and_keypoints_equal_the_original(detections: Detections) -> None:
    for index, anchors in enumerate(REFERENCE["anchors"].astype(int)):
        columns, rows = (anchors % GRID + 0.5) / GRID, (anchors // GRID + 0.5) / GRID
        expected = REFERENCE["places"][index].reshape(-1, 8, 2) / INPUT_SIZE
        expected[:, [0, 2, 3, 4, 5, 6, 7]] += np.stack([columns, rows], -1)[:, None]
        assert np.allclose(detections.boxes[index, anchors], expected[:, :2].reshape(-1, 4), atol=1e-5)
        assert np.allclose(detections.keypoints[index, anchors], expected[:, 2:], atol=1e-5)


def test_the_best_anchor_lies_on_the_face(detections: Detections) -> None:
    best = int(detections.scores[0].argmax())
    x, y, width, height = detections.boxes[0, best].tolist()
    assert x == pytest.approx(0.5, abs=0.05)
    assert 0.4 < y < 0.7
    assert 0.4 < width < 0.9
    assert width == pytest.approx(height, rel=0.05)
