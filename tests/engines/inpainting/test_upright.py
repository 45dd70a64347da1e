import numpy as np
import pytest
import torch

from contracts.errors import NoFace
from engines.base import Direction
from engines.inpainting.upright import upright
from engines.people.faces import FaceFinder
from engines.restoration.built_in import BuiltIn
from engines.wav2lip.engine import Wav2LipEngine
from tests.engines.people.portrait import points
from tests.engines.test_contract import quiet, small, timeline, voice
from tests.engines.wav2lip.generators import generator

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("degrees", "share"), [(0, 1), (30, 1), (-30, 1), (47, 0.5), (70, 0), (-90, 0), (180, 0)])
def test_a_head_is_drawn_less_the_more_it_leans(degrees: float, share: float) -> None:
    angle = np.radians(degrees)
    turned = points() @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    assert upright(turned[None].astype(np.float32))[0] == pytest.approx(share, abs=0.15)


def test_a_face_that_lies_on_its_side_is_refused_in_words() -> None:
    engine = Wav2LipEngine(generator(), FaceFinder(torch.device("cpu")), BuiltIn())
    lying = np.ascontiguousarray(np.rot90(small()))

    with pytest.raises(NoFace, match="no face was upright enough to be drawn") as refusal:
        engine.analyse(iter([lying]), [voice()], timeline(is_portrait=True), Direction(), quiet)

    assert refusal.value.remedy
