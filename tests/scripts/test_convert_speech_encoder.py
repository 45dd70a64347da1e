"""Converting the speech encoder."""

import struct

import click
import numpy as np
import pytest
import torch

from engines.articulate.speech_encoder import SpeechEncoder
from engines.weights import SCALE
from scripts.convert_speech_encoder import rounded, their_name, variables

pytestmark = pytest.mark.unit


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def model(version: int = 6) -> bytes:
    values = np.arange(6, dtype=np.float16).reshape(2, 3)
    one = text("encoder/x") + struct.pack("<BIIBI", 2, 2, 3, 4, values.nbytes) + values.tobytes()
    return struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, 1) + one


def test_the_values_of_a_file_are_read() -> None:
    ((name, values),) = variables(model())
    assert name == "encoder/x"
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_file_of_another_version_is_refused() -> None:
    with pytest.raises(click.ClickException, match="version 6, found 5"):
        list(variables(model(5)))


def test_every_parameter_has_a_name_of_theirs() -> None:
    names = [their_name(name) for name in SpeechEncoder().state_dict()]
    assert len(set(names)) == len(names)
    assert {"encoder/conv1/weight", "encoder/layer_3/ffn/layer_norm/gamma"} <= set(names)


def test_rows_are_rounded_to_a_part_in_254_of_their_largest() -> None:
    values = np.random.default_rng(1).normal(0, [[0.01], [3.0]], (2, 500))
    stored = rounded("x", values)
    back = stored["x"].float() * stored["x" + SCALE].float()[:, None]
    error = (back - torch.tensor(values)).abs().amax(1) / torch.tensor(values).abs().amax(1)
    assert stored["x"].dtype == torch.int8
    assert error.max() < 1 / 240
