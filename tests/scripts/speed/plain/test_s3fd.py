"""The detector of reference pipelines against its published layout, and against answers of theirs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from scripts.speed.generated_weights import fill
from scripts.speed.plain.s3fd import S3fd
from tests.engines.generated_weights import uniform

pytestmark = pytest.mark.unit


def test_it_is_as_large_as_the_public_one() -> None:
    assert sum(value.numel() for value in S3fd().parameters()) == 22_459_110
    assert len(S3fd().state_dict()) == 65


def test_its_maps_halve_from_stride_4_to_128() -> None:
    network = S3fd().eval()

    with torch.inference_mode():
        found = network(uniform(4, (1, 3, 128, 256)) * 255 - 110)

    assert [tuple(made.shape) for made in found[::2]] == [
        (1, 2, 32, 64),
        (1, 2, 16, 32),
        (1, 2, 8, 16),
        (1, 2, 8, 12),
        (1, 2, 4, 6),
        (1, 2, 2, 3),
    ]


def test_names_and_shapes_are_those_of_the_public_checkpoint(parity: Path) -> None:
    published = json.loads((parity / "s3fd.keys.json").read_text())

    own = {name: [list(value.shape), str(value.dtype)[6:]] for name, value in S3fd().state_dict().items()}

    assert list(own) == list(published)
    assert own == published


def test_it_answers_as_the_reference(parity: Path) -> None:
    network = S3fd()
    fill(network)

    with torch.inference_mode():
        found = network(uniform(4, (1, 3, 160, 192)) * 255 - 110)

    with np.load(parity / "s3fd.npz") as expected:
        assert len(found) == len(expected.files)
        for number, made in enumerate(found):
            assert np.abs(made.numpy() - expected[f"o{number}"]).max() < 2e-5
