"""Utterances in files, so that what was spoken once need not be spoken again."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from engines.articulate.phones import TimedPhone
from scripts.training.utterance import Utterance

_FILE_S = 60.0
_LOUDEST = 32767


def keep(utterances: Iterable[Utterance], folder: Path, hours: float) -> Iterator[float]:
    """Write utterances into numbered files of about ten minutes until there are `hours`; yield the hours after each.

    A folder that is already full is left as it is; one that is not is written anew.
    """
    finished = folder / "finished"
    if finished.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    taken: list[Utterance] = []
    total_s = file_s = 0.0
    files = 0
    for utterance in utterances:
        taken.append(utterance)
        file_s += len(utterance.samples) / utterance.rate
        if file_s >= _FILE_S or total_s + file_s >= hours * 3600:
            _write(folder / f"{files:04d}.npz", taken)
            total_s, file_s, files, taken = total_s + file_s, 0.0, files + 1, []
            yield total_s / 3600
        if total_s >= hours * 3600:
            finished.touch()
            return


def kept(folder: Path) -> Iterator[Utterance]:
    """The utterances of a folder, in the order in which they were spoken."""
    for path in sorted(folder.glob("*.npz")):
        yield from _read(path)


def _write(path: Path, utterances: list[Utterance]) -> None:
    loud = [np.clip(utterance.samples, -1, 1) * _LOUDEST for utterance in utterances]
    phones = [[(item.phone, item.start_s, item.end_s) for item in utterance.phones] for utterance in utterances]
    np.savez(
        path,
        samples=np.concatenate(loud).astype(np.int16),
        lengths=np.array([len(samples) for samples in loud]),
        rates=np.array([utterance.rate for utterance in utterances]),
        phones=np.concatenate([np.array(spoken, np.float64).reshape(-1, 3) for spoken in phones]),
        counts=np.array([len(spoken) for spoken in phones]),
    )


def _read(path: Path) -> Iterator[Utterance]:
    with np.load(path) as file:
        stored = {name: file[name] for name in file.files}
    samples = np.split(stored["samples"], np.cumsum(stored["lengths"])[:-1])
    spoken = np.split(stored["phones"], np.cumsum(stored["counts"])[:-1])
    for sound, rate, phones in zip(samples, stored["rates"], spoken, strict=True):
        yield Utterance(
            samples=(sound / _LOUDEST).astype(np.float32),
            rate=int(rate),
            phones=tuple(
                TimedPhone(phone=int(phone), start_s=float(start), end_s=float(end)) for phone, start, end in phones
            ),
        )
