"""Whether the networks compute wholly where they are put: on the meta device, which refuses to mix with any other."""

import pytest
import torch

from engines.articulate.speech_encoder import SAMPLE_RATE
from engines.articulate.speech_net import Hearing
from engines.people.detector import INPUT_SIZE as DETECTOR_SIZE
from engines.people.detector import FaceDetector
from engines.people.mesh import INPUT_SIZE as MESH_SIZE
from engines.people.mesh import POINTS, FaceMesh

pytestmark = pytest.mark.unit

_ELSEWHERE = torch.device("meta")
_BATCH = 5


def test_the_detector_computes_where_it_is_put() -> None:
    detector = FaceDetector().to(_ELSEWHERE)
    with torch.inference_mode():
        found = detector(torch.zeros(_BATCH, 3, DETECTOR_SIZE, DETECTOR_SIZE, device=_ELSEWHERE))

    assert {part.device for part in found} == {_ELSEWHERE}
    assert {len(part) for part in found} == {_BATCH}


def test_the_mesh_computes_where_it_is_put() -> None:
    mesh = FaceMesh().to(_ELSEWHERE)
    with torch.inference_mode():
        found = mesh(torch.zeros(_BATCH, 3, MESH_SIZE, MESH_SIZE, device=_ELSEWHERE))

    assert found.landmarks.shape == (_BATCH, POINTS, 2)
    assert {part.device for part in found} == {_ELSEWHERE}


def test_speech_is_heard_where_its_samples_are() -> None:
    hearing = Hearing(phones=40).to(_ELSEWHERE)

    (presence,) = hearing.presence(torch.zeros(SAMPLE_RATE, device=_ELSEWHERE))

    assert presence.device == _ELSEWHERE
    assert presence.shape == (101, 40)
