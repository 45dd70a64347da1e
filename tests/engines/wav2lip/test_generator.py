from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from contracts.errors import WeightsMissing
from engines.base import Frame
from engines.inpainting.draw import Crop
from engines.inpainting.plan import FacePlan
from engines.wav2lip.generator import Generator, layout_of
from engines.wav2lip.network import Layout, Wav2Lip
from tests.engines.wav2lip.generators import generator, network

pytestmark = pytest.mark.unit

_FRAMES = 12


def plan(frames: int = _FRAMES, sources: int = _FRAMES) -> FacePlan:
    drawn = np.random.default_rng(5)
    return FacePlan(
        shown=np.arange(frames, dtype=np.int32) % sources,
        boxes=np.tile(np.array([0, 0, 50, 50], np.int32), (sources, 1)),
        outlines=np.zeros((sources, 4, 2), np.float32),
        strength=np.ones(sources, np.float32),
        grain=np.zeros(sources, np.float32),
        speech=drawn.uniform(-4, 4, (80, 60)).astype(np.float32),
        begins=np.arange(frames, dtype=np.int64) * 3,
        points=np.zeros((sources, 0, 2), np.float32),
        presence=np.zeros(sources, np.float32),
    )


def quiet() -> None:
    """Nobody waits."""


def crops_of(of: FacePlan, numbers: Sequence[int], side: int = 96) -> list[Crop]:
    drawn = np.random.default_rng(6)
    pixels = [drawn.integers(0, 256, (side, side, 3), np.uint8) for _ in range(len(of.boxes))]
    return [Crop(plan=of, number=number, pixels=pixels[int(of.shown[number])]) for number in numbers]


def faces(of: Generator, crops: Sequence[Crop]) -> list[Frame]:
    return list(of.drawing(quiet)(crops)())


def as_public(layout: Layout, crop: Crop) -> Frame:
    """What the public code makes of a crop and its window of speech: RGB."""
    whole = crop.pixels[None, ..., ::-1].copy()
    masked = whole.copy()
    masked[:, layout // 2 :] = 0
    both = np.concatenate((masked, whole), axis=3) / 255.0
    start = int(crop.plan.begins[crop.number])
    speech = crop.plan.speech[None, None, :, start : start + 16].astype(np.float32)
    given = torch.from_numpy(both.transpose(0, 3, 1, 2).astype(np.float32))
    made = network(layout)(torch.from_numpy(speech), given)
    drawn: Frame = (made.numpy().transpose(0, 2, 3, 1)[0] * 255.0).astype(np.uint8)[..., ::-1]
    return drawn


@pytest.mark.parametrize(("halves", "differing"), [(False, 0.001), (True, 0.3)])
@pytest.mark.parametrize("layout", list(Layout))
def test_lower_faces_are_the_public_codes_and_upper_ones_the_sources(
    layout: Layout, halves: bool, differing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: halves)
    generator.cache_clear()
    batch = generator(layout).canvas.batch
    # The last ones show a source frame that was shown before, and hear their own moment all the same.
    crops = crops_of(plan(sources=batch - 1), range(batch), int(layout))
    for crop, face in list(zip(crops, faces(generator(layout), crops), strict=True))[-2:]:
        begin = 5 * layout // 12
        expected = as_public(layout, crop)[begin:].astype(int)
        assert np.abs(face[begin:] - expected).max() <= 1
        assert (face[begin:] != expected).mean() < differing
        np.testing.assert_array_equal(face[:begin], crop.pixels[:begin])
    generator.cache_clear()


def test_a_face_does_not_depend_on_its_place_or_company_in_the_batch() -> None:
    of = plan()
    batch = generator().canvas.batch
    alone = {crop.number: faces(generator(), [crop] * batch)[0] for crop in crops_of(of, range(4))}
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 1, 0, 3]):
        crops = crops_of(of, (order * batch)[:batch])
        for crop, face in zip(crops, faces(generator(), crops), strict=True):
            np.testing.assert_array_equal(face, alone[crop.number])


def test_a_still_picture_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    of = generator()
    see = of._network.look

    def counted(pixels: Tensor) -> list[Tensor]:
        looked.append(len(pixels))
        return see(pixels)

    monkeypatch.setattr(of._network, "look", counted)
    left, right = plan(sources=1), plan(sources=1)
    drawing = of.drawing(quiet)
    for start in (0, 2):
        both = [crop for number in (start, start + 1) for crop in crops_of(left, [number]) + crops_of(right, [number])]
        assert len(drawing(both)()) == of.canvas.batch
    assert looked == [1, 1]


def test_a_still_picture_is_drawn_as_a_video_of_it() -> None:
    batch = generator().canvas.batch
    one, many = plan(sources=1), plan()
    pixels = crops_of(one, [0])[0].pixels
    still = faces(generator(), [Crop(plan=one, number=number, pixels=pixels) for number in range(batch)])
    moving = faces(generator(), [Crop(plan=many, number=number, pixels=pixels) for number in range(batch)])
    assert np.abs(np.stack(still).astype(int) - np.stack(moving)).max() <= 1


def test_both_layouts_are_told_by_their_blocks() -> None:
    for layout in Layout:
        assert layout_of(network(layout).state_dict(), Path("any.pth")) is layout


def test_faces_are_scaled_as_the_public_code_does() -> None:
    assert generator().canvas.interpolation == cv2.INTER_LINEAR


@pytest.mark.parametrize(
    ("names", "looks"),
    [
        ([f"face_encoder_blocks.{block}.0.conv_block.0.weight" for block in range(9)], "fork.*9 blocks, not 7 or 8"),
        (["face_encoder.0.conv_block.0.weight", "audio_encoder.0.conv_block.0.weight"], "lip-sync expert"),
        (["conv1_1.weight"], "face detector"),
        (["down_blocks.0.resnets.0.norm1.weight"], "MuseTalk"),
        (["layer1.weight"], "no Wav2Lip network: it begins with layer1.weight"),
    ],
)
def test_other_networks_are_named_with_a_remedy(names: list[str], looks: str) -> None:
    with pytest.raises(WeightsMissing, match=rf"some\.pth looks like .*{looks}") as told:
        layout_of({name: torch.zeros(1) for name in names}, Path("some.pth"))
    assert "96 or 256 px layout" in told.value.remedy


def test_batches_drawn_side_by_side_are_those_drawn_one_after_the_other() -> None:
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        own = Wav2Lip(Layout.SMALL)
        own.load_state_dict(network().state_dict())
        wide = Generator(own.eval().requires_grad_(False), torch.device("cpu"))
        assert torch.get_num_threads() == 2
        with ThreadPoolExecutor(1) as later:
            assert later.submit(torch.get_num_threads).result() == 2
        assert wide._lanes is not None
        assert wide._lanes.submit(torch.get_num_threads).result() == 1
    finally:
        torch.set_num_threads(usual)
    drawing = wide.drawing(quiet)
    batches = [crops_of(plan(), range(start, start + 4)) for start in (0, 4, 8)]
    for crops, drawn in zip(batches, [drawing(crops) for crops in batches], strict=True):
        for face, expected in zip(drawn(), faces(generator(), crops), strict=True):
            np.testing.assert_array_equal(face, expected)
    assert wide.canvas.ahead == 2


def test_whoever_stops_the_work_stops_it_within_a_batch() -> None:
    def stop() -> None:
        raise InterruptedError

    drawn = generator().drawing(stop)(crops_of(plan(), range(4)))
    with pytest.raises(InterruptedError):
        drawn()
