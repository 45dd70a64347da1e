"""One step from latents to latents, and what of it is kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engines.base import Frame
from engines.musetalk.ear import Ear
from engines.musetalk.folder import files_in
from engines.musetalk.latents import SIDE, Painter, normalised, positions
from engines.musetalk.networks import Networks, load_networks
from engines.musetalk.speech import RATE_HZ

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def networks(folder: Path) -> Networks:
    return load_networks(files_in(folder), torch.device("cpu"))


class Counter:
    """Counts how many pictures a network's part is given."""

    def __init__(self, part: nn.Module) -> None:
        self.count = 0
        part.register_forward_pre_hook(self._take)

    def _take(self, _part: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        self.count += len(given[0])


def faces(count: int, seed: int = 1) -> list[Frame]:
    drawn = np.random.default_rng(seed)
    return [drawn.integers(0, 256, (SIDE, SIDE, 3), np.uint8) for _ in range(count)]


def speech(count: int, seed: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((count, 30, 16)).astype(np.float32))


def test_faces_are_drawn_of_speech(networks: Networks) -> None:
    painter, (face,) = Painter(networks, 4), faces(1)

    drawn = painter.draw([face], speech(1))

    assert (drawn.dtype, tuple(drawn.shape)) == (torch.uint8, (1, SIDE, SIDE, 3))
    assert drawn.float().std() > 1
    assert not torch.equal(painter.draw([face], speech(1, seed=3)), drawn)
    assert not torch.equal(painter.draw(faces(1, seed=9), speech(1)), drawn)


@torch.inference_mode()
def test_a_face_goes_in_and_out_as_red_green_and_blue_with_speech_that_knows_its_order(networks: Networks) -> None:
    (face,), said = faces(1), speech(1)
    half = face.copy()
    half[SIDE // 2 :] = 0
    planes = [torch.from_numpy(given.transpose(2, 0, 1)[None] / np.float32(127.5) - 1) for given in (half, face)]
    latents = torch.cat([0.18215 * networks.vae.encode(given).latent_dist.mode() for given in planes], dim=1)
    heard = said + positions(30, 16, torch.device("cpu"), torch.float32)
    step = networks.unet(latents, torch.tensor([0]), encoder_hidden_states=heard).sample
    expected = networks.vae.decode(step / 0.18215).sample[0].permute(1, 2, 0).numpy()

    drawn = Painter(networks, 4).draw([face], said)[0].numpy()

    assert np.abs(drawn - np.clip(127.5 * expected + 127.5, 0, 255)).max() <= 0.6


def test_the_same_again_is_the_same_to_the_last_bit_remembered_or_not(networks: Networks) -> None:
    painter, (face,) = Painter(networks, 4), faces(1)

    first = painter.draw([face], speech(1))

    assert torch.equal(painter.draw([face], speech(1)), first)
    assert torch.equal(Painter(networks, 4).draw([face.copy()], speech(1)), first)


@torch.inference_mode()
def test_latents_are_the_mode_of_the_face_without_its_lower_half_and_of_all_of_it(networks: Networks) -> None:
    painter, (face,) = Painter(networks, 4), faces(1)
    whole = normalised(torch.from_numpy(face)[None])
    half = face.copy()
    half[SIDE // 2 :] = 0

    latents = painter.encode([face])

    expected = [
        0.18215 * networks.vae.encode(given).latent_dist.mode()
        for given in (normalised(torch.from_numpy(half)[None]), whole)
    ]
    assert latents.shape == (1, 8, SIDE // 8, SIDE // 8)
    assert torch.allclose(latents, torch.cat(expected, dim=1))
    assert (whole.min().item(), whole.max().item()) == (-1, 1)


@torch.inference_mode()
def test_latents_become_pictures_and_what_is_too_bright_is_white(networks: Networks) -> None:
    painter = Painter(networks, 4)
    latents = torch.randn(1, 4, SIDE // 8, SIDE // 8, generator=torch.Generator().manual_seed(3))

    picture = painter.decode(latents)

    exact = networks.vae.decode(latents / 0.18215).sample[0].permute(1, 2, 0)
    assert np.abs(picture[0].numpy() - ((exact / 2 + 0.5).clamp(0, 1) * 255).numpy()).max() <= 0.51


def test_a_face_is_encoded_once_as_long_as_it_is_remembered(networks: Networks) -> None:
    painter, seen = Painter(networks, 4), faces(6)
    encoded = Counter(networks.vae.encoder)

    for number in (0, 1, 2, 3, 2, 1, 0):
        painter.draw([seen[number]], speech(1))
    assert encoded.count == 2 * 4

    for number in (4, 5, 0, 3):
        painter.draw([seen[number]], speech(1))
    assert encoded.count == 2 * (4 + 3), "the two that were not seen for longest are forgotten: 3 and 2"


def test_faces_that_differ_in_the_last_pixel_are_different_faces(networks: Networks) -> None:
    painter, (face,) = Painter(networks, 4), faces(1)
    encoded, other = Counter(networks.vae.encoder), face.copy()
    other[-1, -1, -1] ^= 1

    for given in (face, other, face):
        painter.draw([given], speech(1))

    assert encoded.count == 2 * 2


def test_batches_are_always_as_large_and_each_face_is_itself(networks: Networks) -> None:
    painter, seen = Painter(networks, 2), faces(3)
    encoded = Counter(networks.vae.encoder)
    said = speech(4)

    drawn = painter.draw([seen[0], seen[1], seen[0], seen[2]], said)
    assert encoded.count == 2 * 4
    again = painter.draw([seen[0], seen[1], seen[0], seen[2]], said)

    assert torch.equal(again, drawn)
    for number, face in enumerate((0, 1, 0, 2)):
        alone = Painter(networks, 1).draw([seen[face]], said[number : number + 1])[0]
        assert (alone.int() - drawn[number].int()).abs().max() <= 1


def test_networks_compute_where_they_are_put_and_in_half_precision_there(folder: Path) -> None:
    """On the meta device, which refuses to mix with any other."""
    elsewhere = torch.device("meta")
    networks = load_networks(files_in(folder), elsewhere)

    drawn = Painter(networks, 4).draw(
        faces(2), Ear(networks.encoder).hear(np.zeros(RATE_HZ, np.float32))[:2, :, :].repeat(1, 10, 1)
    )

    assert networks.dtype is torch.float16
    assert (drawn.device, drawn.dtype, tuple(drawn.shape)) == (elsewhere, torch.uint8, (2, SIDE, SIDE, 3))


def test_places_are_sines_and_cosines_in_turn() -> None:
    table = positions(50, 384, torch.device("cpu"), torch.float32)

    assert table.shape == (50, 384)
    assert table[0].tolist() == [0, 1] * 192
    moments = 3 * 10_000 ** (-np.arange(0, 384, 2) / 384)
    assert np.abs(table[3, ::2].numpy() - np.sin(moments)).max() < 1e-5
    assert np.abs(table[3, 1::2].numpy() - np.cos(moments)).max() < 1e-5
