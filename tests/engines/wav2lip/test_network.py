"""The network against the public layouts, and against what the public code answers for weights made by a rule."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.wav2lip.network import BANDS, COLUMNS, Layout, Wav2Lip
from tests.engines.generated_weights import fill, normal, uniform
from tests.engines.wav2lip.generators import network as filled

pytestmark = pytest.mark.unit

TOLERANCE = 2e-5


@pytest.fixture(params=list(Layout), scope="module")
def network(request: pytest.FixtureRequest) -> Wav2Lip:
    return filled(request.param)


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
    network = filled()
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


@pytest.mark.parametrize("first", [0, 1, 40, 41, 95])
def test_rows_drawn_alone_are_those_of_the_whole_face(first: int) -> None:
    _assert_rows_are_the_wholes(Layout.SMALL, first)


def test_rows_of_a_large_face_drawn_alone_are_those_of_the_whole() -> None:
    _assert_rows_are_the_wholes(Layout.LARGE, 106)


def _assert_rows_are_the_wholes(layout: Layout, first: int) -> None:
    network = filled(layout)
    speech, faces = _inputs(network, 1)
    heard, seen = network.hear(speech), network.look(faces)

    rows, whole = network.draw(heard, seen, first), network.draw(heard, seen)

    assert rows.shape == whole[:, :, first:].shape
    assert (rows - whole[:, :, first:]).abs().max() < 1e-6


def test_folding_changes_nothing_but_the_last_digits(parity: Path) -> None:
    network = Wav2Lip(Layout.SMALL)
    fill(network)
    expected = np.load(parity / "wav2lip96.npz")["out"]

    drawn = network.fold()(*_inputs(network, 3)).numpy()

    assert not any("running_mean" in name for name in network.state_dict())
    assert np.abs(drawn - expected).max() < TOLERANCE
