"""What the speech encoder makes of recordings, kept in files: it is not trained, so each is heard once."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engines.articulate.phones import RATE_HZ
from engines.articulate.speech_encoder import CONTEXT, SpeechEncoder, windows
from scripts.training.channel import Samples
from scripts.training.synthesise import Recording

#: float16 (N, HEARD) at 50 frames per second, and the phone of each of 2 N frames, uint8.
Heard = tuple[NDArray[np.float16], NDArray[np.unsignedinteger]]

_FILE_S = 120.0


@torch.inference_mode()
def hear(encoder: SpeechEncoder, samples: Samples) -> NDArray[np.float16]:
    """(N, HEARD) float16 of a recording, 50 frames per second."""
    pieces = []
    for mel, count in windows(torch.from_numpy(samples)):
        heard = encoder(mel)[0, CONTEXT // 2 : (CONTEXT + count + 1) // 2]
        pieces.append(heard.half().numpy())
    whole: NDArray[np.float16] = np.concatenate(pieces)
    return whole


def labelled(recordings: Iterable[Recording], encoder: SpeechEncoder) -> Iterator[Heard]:
    """What the encoder makes of recordings, with their phones."""
    for samples, phones in recordings:
        features = hear(encoder, samples)
        labels = np.pad(phones, (0, 2), mode="edge")[: 2 * len(features)]
        yield features[: len(labels) // 2], labels[: len(labels) // 2 * 2]


def keep_heard(parts: Iterable[Heard], folder: Path, hours: float) -> Iterator[float]:
    """Write numbered files of about two minutes, until there are `hours` or no more, and yield the hours after each.

    A folder that is already full stays as it is.
    """
    finished = folder / "finished"
    if finished.exists() or not hours:
        return
    folder.mkdir(parents=True, exist_ok=True)
    taken: list[Heard] = []
    files = frames = 0
    for part in parts:
        taken.append(part)
        enough = frames + _frames(taken) >= hours * 3600 * RATE_HZ
        if enough or _frames(taken) >= _FILE_S * RATE_HZ:
            frames += _frames(taken)
            _write(folder / f"{files:04d}.npz", taken)
            files, taken = files + 1, []
            yield frames / RATE_HZ / 3600
        if enough:
            break
    if taken:
        _write(folder / f"{files:04d}.npz", taken)
    finished.touch()


def _frames(parts: list[Heard]) -> int:
    return sum(len(phones) for _, phones in parts)


def _write(path: Path, parts: list[Heard]) -> None:
    heard, phones = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    np.savez(path, heard=heard, phones=phones)
