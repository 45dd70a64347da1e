"""The face mesh against MediaPipe 0.10.21.

`mesh_reference.npz` holds two pictures (2, 256, 256, 3) and the landmarks (2, 468, 2), in pixels, that MediaPipe's
FaceMesh with refined landmarks settles on after three frames of each.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engines.people.crops import around_landmarks, cut
from engines.people.faces import inter_ocular_px
from engines.people.landmarker import WEIGHTS
from engines.people.mesh import INPUT_SIZE, LEFT_EYE, LIPS, POINTS, RIGHT_EYE, FaceMesh, MeshOutput
from engines.weights import load_weights

pytestmark = pytest.mark.unit

REFERENCE = np.load(Path(__file__).parent / "mesh_reference.npz")


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    network = FaceMesh()
    load_weights(network, WEIGHTS, "face_mesh.safetensors")
    return network


def run(network: FaceMesh, crops: list[np.ndarray]) -> MeshOutput:
    with torch.inference_mode():
        output: MeshOutput = network(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255)
    return output


def errors(network: FaceMesh) -> np.ndarray:
    """Distance of each landmark from the reference, in inter-ocular distances: (2, 468)."""
    windows = [around_landmarks(landmarks) for landmarks in REFERENCE["landmarks"]]
    pairs = zip(REFERENCE["pictures"], windows, strict=True)
    found = run(network, [cut(picture, window, INPUT_SIZE, repeat_edge=True) for picture, window in pairs])
    placed = zip(found.landmarks.numpy(), windows, strict=True)
    landmarks = np.stack([window.to_picture(points, INPUT_SIZE) for points, window in placed])
    apart = np.linalg.norm(landmarks - REFERENCE["landmarks"], axis=-1)
    return apart / inter_ocular_px(REFERENCE["landmarks"])[:, None]


def test_landmarks_agree_with_mediapipe(mesh: FaceMesh) -> None:
    assert errors(mesh).mean() < 0.01


@pytest.mark.parametrize("region", [LIPS, RIGHT_EYE, LEFT_EYE])
def test_refined_regions_agree_with_mediapipe(mesh: FaceMesh, region: tuple[int, ...]) -> None:
    assert errors(mesh)[:, list(region)].mean() < 0.01


def test_the_flag_tells_a_face_from_a_wall(mesh: FaceMesh) -> None:
    face = cv2.resize(REFERENCE["pictures"][0], (INPUT_SIZE, INPUT_SIZE))
    wall = np.full_like(face, 120)
    scores = run(mesh, [face, wall]).score
    assert scores[0] > 0.9
    assert scores[1] < 0.1


def test_regions_name_each_landmark_once() -> None:
    points = [*LIPS, *RIGHT_EYE, *LEFT_EYE]
    assert len(set(points)) == len(points) == 80 + 71 + 71
    assert max(points) < POINTS
