import numpy as np
import pytest
import torch

from engines.inpainting.transfer import arriving

pytestmark = pytest.mark.unit

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize("device", DEVICES)
def test_what_arrives_is_what_was_sent(device: str) -> None:
    drawn = torch.arange(24, dtype=torch.uint8).reshape(2, 3, 4)

    assert np.array_equal(arriving(drawn.to(device))(), drawn.numpy())
