"""The network against the public layouts, and against what the public code answers for weights made by a rule."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.wav2lip.network import BANDS, COLUMNS, Layout, Wav2Lip
from tests.engines.generated_weights import fill, normal, uniform

pytestmark = pytest.mark.unit

TOLERANCE = 2e-5


@pytest.fixture(params=list(Layout), scope="module")
def network(request: pytest.FixtureRequest) -> Wav2Lip:
    made = Wav2Lip(request.param)
    fill(made)
    return made


def _inputs(network: Wav2Lip, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    side = int(network.layout)
    return normal(1, (count, 1, BANDS, COLUMNS)), uniform(2, (count, 6, side, side))


def test_every_tensor_has_the_published_name_place_shape_and_type(network: Wav2Lip, parity: Path) -> None:
    published = json.loads((parity / f"wav2lip{network.layout}.keys.json").read_text())

    own = {
        name: [list(value.shape), str(value.dtype).removeprefix("torch.")]
        for name, value in network.state_dict().items()
    }

    assert own == published
    assert list(own) == list(published)


def test_faces_are_those_of_the_public_code(network: Wav2Lip, parity: Path) -> None:
    expected = np.load(parity / f"wav2lip{network.layout}.npz")["out"]

    drawn = network(*_inputs(network, 3)).numpy()

    assert np.abs(drawn - expected).max() < TOLERANCE


def test_embeddings_are_those_of_the_public_code(parity: Path) -> None:
    network = Wav2Lip(Layout.SMALL)
    fill(network)
    expected = np.load(parity / "wav2lip96.npz")
    speech, faces = _inputs(network, 3)

    assert np.abs(network.hear(speech).numpy() - expected["audio_embedding"]).max() < TOLERANCE
    assert np.abs(network.look(faces)[-1].numpy() - expected["face_embedding"]).max() < TOLERANCE


def test_speech_and_face_both_decide_what_is_drawn(network: Wav2Lip) -> None:
    speech, faces = _inputs(network, 1)
    drawn = network(speech, faces)

    assert drawn.shape == (1, 3, network.layout, network.layout)
    assert not torch.equal(network(speech + 1, faces), drawn)
    assert not torch.equal(network(speech, 1 - faces), drawn)
