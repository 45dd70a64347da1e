"""Real speech with its text: telephone prompts that Debian packages for Asterisk, read by two people.

Italian by Carlo Flora and Russian provided by Maxim Topal, both CC-BY-3.0: packages asterisk-core-sounds-it-g722 and
-ru-g722. The English, Spanish and French ones are CC-BY-SA-3.0, which asks that what is made of them be shared alike:
they are left out, because this project's weights come under its own licence.
"""

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import torch

from engines.articulate.phones import SILENCE, frame_phones
from engines.articulate.speech_encoder import HOP, SAMPLE_RATE, STEP, SpeechEncoder
from engines.articulate.speech_net import SpeechNet
from scripts.training.align import align
from scripts.training.channel import Samples, pass_through
from scripts.training.espeak import Manner, speak
from scripts.training.features import Heard, hear

_SHARE = Path("/usr/share")
#: Folder of the sounds, the language of the package, and eSpeak's voice that reads it.
READERS = (
    ("it_IT_m_Carlo", "it", "it"),
    ("ru_RU_f_IvrvoiceRU", "ru", "ru"),
)
_SHORTEST = SAMPLE_RATE // 2
#: Samples that are heard at once.
_GROUP = STEP * HOP
_MANNER = Manner(rate=160, pitch=50, pitch_range=50)
_LINE = re.compile(r"^([\w/-]+):\s*(.+)$", re.MULTILINE)
#: Prompts that are sounds, or whose text describes them.
_NOT_SPEECH = re.compile(r"[\[\]<>*]|beep|tone|tono|bip|silence|silenc|ring|тишин|сигнал", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Float32 mono at the encoder's rate, whole frames; its text; and the voice with which eSpeak NG reads it."""

    samples: Samples
    text: str
    voice: str


def prompts(share: Path = _SHARE) -> Iterator[Prompt]:
    """Every prompt.

    Raises:
        FileNotFoundError: when the packages that docs/training.md names are not installed.
    """
    for folder, language, voice in READERS:
        listing = share / f"doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
        texts = _LINE.findall(gzip.decompress(listing.read_bytes()).decode("utf-8", "ignore"))
        for name, text in sorted(texts):
            sound = share / f"asterisk/sounds/{folder}/{name}.g722"
            if sound.is_file() and not _NOT_SPEECH.search(text):
                samples = _sound(sound)
                if len(samples) > _SHORTEST:
                    yield Prompt(samples=samples, text=text, voice=voice)


def _sound(path: Path) -> Samples:
    with av.open(str(path), format="g722") as container:
        blocks = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    samples = (np.concatenate([np.zeros(0, np.int16), *blocks]) / 32768).astype(np.float32)
    whole: Samples = samples[: len(samples) // (2 * HOP) * 2 * HOP]
    return whole


def shuffled(seed: int, share: Path = _SHARE) -> list[Prompt]:
    """All prompts, in the random order in which they are used."""
    every = list(prompts(share))
    np.random.default_rng((seed, 3)).shuffle(every)
    return every


def heard_prompts(every: Sequence[Prompt], encoder: SpeechEncoder, sent: int | None = None) -> Iterator[Heard]:
    """Prompts as the encoder hears them, several at once, each frame with its prompt's number instead of a phone.

    Args:
        every: the prompts.
        encoder: what hears them.
        sent: the seed of a random channel through which each prompt is sent; as they are where None.
    """
    rng = None if sent is None else np.random.default_rng((sent, 4))
    first = 0
    for end in range(1, len(every) + 1):
        group = every[first:end]
        if sum(len(item.samples) for item in group) >= _GROUP or end == len(every):
            sounds = [item.samples if rng is None else pass_through(item.samples, rng) for item in group]
            features = hear(encoder, np.concatenate(sounds))
            numbers = [np.full(len(item.samples) // HOP, first + place) for place, item in enumerate(group)]
            labels = np.concatenate(numbers).astype(np.uint16)
            yield features[: len(labels) // 2], labels
            first = end


@torch.inference_mode()
def aligned(every: Sequence[Prompt], clean: Path, sent: Path, net: SpeechNet) -> Iterator[Heard]:
    """What `keep_heard` made of `heard_prompts`, with the phones that the network finds in them.

    Where a prompt's text is not what is heard, its frames are left out. Phones are sought in the prompts as they are,
    and hold for those sent through a channel as well.
    """
    for path in sorted(clean.glob("*.npz")):
        with np.load(path) as file, np.load(sent / path.name) as other:
            copies, numbers = (file["heard"], other["heard"]), file["phones"][::2]
        presence = net.eval()(torch.from_numpy(copies[0]).float()[None])[0].softmax(-1).numpy()
        for number in np.unique(numbers):
            start, end = np.searchsorted(numbers, [number, number + 1]).tolist()
            timed = align(_said(every[number]), presence[2 * start : 2 * end])
            if timed:
                phones = frame_phones(timed, 2 * (end - start))
                yield from ((heard[start:end], phones) for heard in copies)


def _said(prompt: Prompt) -> list[int]:
    return [part.phone for part in speak(prompt.text, prompt.voice, _MANNER).phones if part.phone != SILENCE]
