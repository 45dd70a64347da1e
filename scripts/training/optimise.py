"""Fit the speech network to what the encoder heard of recordings."""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from engines.articulate.phones import MOUTHS, PHONES, Feature, coarticulate
from engines.articulate.speech_net import SpeechNet

_FRAMES_PER_STEP = 4800
_CROPS = (160, 320, 640)
_PEAK_RATE = 2e-3
_WARM_UP = 50
#: Noise added to what was heard, as a share of its own spread: much, lest synthesisers be learnt by heart.
_NOISE = 0.3
#: Share of the running average of the weights that a step leaves in place.
_MEMORY = 0.99
#: How much more a p, b, m, f or v counts than another phone: lips that ought to meet and do not are seen at once. More
#: of them are heard for it, and some where there are none (docs/training.md).
_MEETING = 2.5
#: How much an error of each feature matters, in the order of `Feature`.
_IMPORTANCE = (4.0, 1.5, 1.0, 2.0, 2.0, 0.5, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Recordings end to end: float16 (N, HEARD) at 50 frames per second, and phones int64 (2 N,) at 100."""

    heard: torch.Tensor
    phones: torch.Tensor


def load_corpus(*folders: Path) -> Corpus:
    """Read every file that `keep_heard` wrote into these folders."""
    files = [np.load(path) for folder in folders for path in sorted(folder.glob("*.npz"))]
    return Corpus(
        heard=torch.from_numpy(np.concatenate([file["heard"] for file in files])),
        phones=torch.from_numpy(np.concatenate([file["phones"] for file in files])).long(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The state after a step: its number, its loss, and the running average of the weights."""

    step: int
    loss: float
    average: SpeechNet


def optimise(corpus: Corpus, steps: int, seed: int, checkpoint: Path) -> Iterator[Progress]:
    """Train, from the checkpoint on where there is one, and yield at the start and after every step.

    Each step draws its crops and its noise from the seed and its own number, so that a run that was stopped and went
    on gives what an unbroken one gives. AdamW, cosine decay, exponential average of the weights.
    """
    torch.manual_seed(seed)
    net = SpeechNet(len(PHONES))
    average = deepcopy(net).requires_grad_(False)
    optimiser = torch.optim.AdamW(net.parameters(), _PEAK_RATE, weight_decay=1e-2, betas=(0.9, 0.98))
    first = _resume(checkpoint, net, average, optimiser)
    yield Progress(step=first, loss=math.nan, average=average)
    for step in range(first, steps):
        torch.manual_seed(hash((seed, step)))
        optimiser.param_groups[0]["lr"] = _rate(step, steps)
        loss = _loss(net.train(), *_crops(corpus))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        _follow(average, net)
        if (step + 1) % 250 == 0:
            _save(checkpoint, step + 1, net, average, optimiser)
        yield Progress(step=step + 1, loss=float(loss.detach()), average=average)


@torch.no_grad()
def scores(net: SpeechNet, corpus: Corpus) -> dict[str, float]:
    """How well held-out recordings are heard: share of frames right, and each feature's correlation."""
    net.eval()
    pieces = [
        (net(part.float()[None]), phones[None])
        for part, phones in zip(torch.split(corpus.heard, 1500), torch.split(corpus.phones, 3000), strict=True)
    ]
    right = torch.cat([(heard.argmax(-1) == phones)[0] for heard, phones in pieces])
    heard = torch.cat([coarticulate(logits.softmax(-1))[0] for logits, _ in pieces])
    spoken = torch.cat([_spoken(phones)[0] for _, phones in pieces])
    found = {"frames_right": float(right.float().mean())}
    for feature in Feature:
        both = torch.stack([heard[:, feature], spoken[:, feature]])
        found[f"r_{feature.name.lower()}"] = float(torch.corrcoef(both)[0, 1])
    return {name: round(value, 3) for name, value in found.items()}


def _crops(corpus: Corpus) -> tuple[torch.Tensor, torch.Tensor]:
    length = _CROPS[int(torch.randint(len(_CROPS), ()))] // 2
    starts = torch.randint(len(corpus.heard) - length, (_FRAMES_PER_STEP // length // 2,)).tolist()
    heard = torch.stack([corpus.heard[start : start + length] for start in starts]).float()
    return heard, torch.stack([corpus.phones[2 * start : 2 * (start + length)] for start in starts])


def _spoken(phones: torch.Tensor) -> torch.Tensor:
    return coarticulate(functional.one_hot(phones, len(PHONES)).float())


def _loss(net: SpeechNet, sound: torch.Tensor, phones: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the phones, and squared error of the mouth and of its speed: what is seen counts most."""
    logits = net(_masked(sound))  # (B, N, phones)
    told = functional.cross_entropy(logits.flatten(0, 1), phones.flatten(), weights(), label_smoothing=0.05)
    error = coarticulate(logits.softmax(-1)) - _spoken(phones)  # (B, N, features)
    importance = torch.tensor(_IMPORTANCE)
    seen = (error.square() * importance).mean() + 4 * (error.diff(dim=1).square() * importance).mean()
    return told + 5 * seen


def weights() -> torch.Tensor:
    """How much each phone counts, float32 (phones,)."""
    meets = torch.tensor([max(mouth.closure, mouth.labiodental) == 1 for mouth in MOUTHS.values()])
    return torch.where(meets, _MEETING, 1.0)


def _masked(heard: torch.Tensor) -> torch.Tensor:
    """Blank a few moments (SpecAugment, Park et al. 2019), and add a little noise."""
    count, length, _ = heard.shape
    kept = torch.ones(count, length, 1)
    for row in kept:
        start = int(torch.randint(length, ()))
        row[start : start + int(torch.randint(8, ()))] = 0
    return (heard + heard.std() * _NOISE * torch.randn_like(heard)) * kept


@torch.no_grad()
def _follow(average: SpeechNet, net: SpeechNet) -> None:
    for slow, fast in zip(average.parameters(), net.parameters(), strict=True):
        slow.lerp_(fast, 1 - _MEMORY)


def _rate(step: int, steps: int) -> float:
    decay = 0.5 * (1 + math.cos(math.pi * step / steps))
    return _PEAK_RATE * min(1.0, (step + 1) / _WARM_UP) * (0.01 + 0.99 * decay)


def _save(path: Path, step: int, *parts: nn.Module | torch.optim.Optimizer) -> None:
    torch.save({"step": step, "parts": [part.state_dict() for part in parts]}, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _resume(path: Path, *parts: nn.Module | torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    for part, state in zip(parts, saved["parts"], strict=True):
        part.load_state_dict(state)
    return int(saved["step"])
