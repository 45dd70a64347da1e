"""The network that hears phones, with the encoder that it listens to."""

from pathlib import Path

import pytest
import torch

from engines.articulate.phones import PHONES
from engines.articulate.speech_encoder import HEARD, HOP, SAMPLE_RATE, STEP
from engines.articulate.speech_net import Hearing, SpeechNet
from engines.weights import load_weights

pytestmark = pytest.mark.unit

WEIGHTS = Path(__file__).resolve().parents[3] / "engines" / "articulate" / "weights"


@pytest.fixture(scope="module")
def hearing() -> Hearing:
    torch.set_num_threads(1)
    loaded = Hearing(len(PHONES))
    load_weights(loaded.encoder, WEIGHTS, "speech_encoder.safetensors")
    load_weights(loaded.net, WEIGHTS, "speech.safetensors")
    return loaded.eval()


def babble(seconds: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(int(seconds * SAMPLE_RATE), generator=generator)
    return noise * (1.1 + torch.sin(torch.arange(len(noise)) / 900.0)) * 0.05


@pytest.mark.parametrize("frames", [1, 2, 7, 200])
def test_every_frame_gets_the_logits_of_two(frames: int) -> None:
    net = SpeechNet(5, channels=16, dilations=(1, 2)).eval()
    assert net(torch.randn(2, frames, HEARD)).shape == (2, 2 * frames, 5)


@pytest.mark.parametrize("samples", [0, 10, 5 * HOP, SAMPLE_RATE])
def test_every_hop_of_a_voice_gets_its_phones(hearing: Hearing, samples: int) -> None:
    heard = torch.cat(list(hearing.presence(babble(2.0)[:samples])))
    assert heard.shape == (samples // HOP + 1, len(PHONES))
    assert torch.allclose(heard.sum(1), torch.ones(len(heard)), atol=1e-4)


def test_what_is_seconds_away_does_not_matter(hearing: Hearing) -> None:
    voice = babble(13.0)
    other = voice.clone()
    other[: STEP * HOP // 2] = 0
    one, two = (list(hearing.presence(sound))[1] for sound in (voice, other))
    assert torch.equal(one, two)
