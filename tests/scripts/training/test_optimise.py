"""Fitting the network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.articulate.phones import PHONES
from engines.articulate.speech_encoder import HEARD
from engines.articulate.speech_net import SpeechNet
from scripts.training.optimise import Corpus, Progress, load_corpus, optimise, scores, weights

pytestmark = pytest.mark.unit

VOWEL = PHONES.index("ɑ")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A minute of two sounds that a child could tell apart, in two files."""
    phones = np.tile(np.repeat([0, VOWEL], 50), 30).astype(np.uint8)
    heard = np.random.default_rng(1).normal(0, 0.3, (len(phones) // 2, HEARD))
    heard[phones[::2] == VOWEL, :40] += 6
    for index, part in enumerate((slice(0, 750), slice(750, None))):
        labels = phones[2 * part.start : None if part.stop is None else 2 * part.stop]
        np.savez(tmp_path / f"{index:04d}.npz", heard=heard[part].astype(np.float16), phones=labels)
    return load_corpus(tmp_path)


def last(corpus: Corpus, steps: int, checkpoint: Path) -> Progress:
    torch.set_num_threads(1)
    *_, end = optimise(corpus, steps, 1, checkpoint)
    return end


def test_a_corpus_is_its_files_end_to_end(corpus: Corpus) -> None:
    assert corpus.heard.shape == (1500, HEARD)
    assert corpus.phones.shape == (3000,)
    assert set(corpus.phones.tolist()) == {0, VOWEL}


def test_a_few_steps_lower_the_loss(corpus: Corpus, tmp_path: Path) -> None:
    losses = [progress.loss for progress in optimise(corpus, 5, 1, tmp_path / "none.pt")][1:]
    assert losses[-1] < losses[0]


def test_training_twice_gives_the_same_bytes(corpus: Corpus, tmp_path: Path) -> None:
    one, other = (last(corpus, 3, tmp_path / f"{name}.pt").average.state_dict() for name in ("one", "other"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_training_that_is_over_hands_back_its_result(corpus: Corpus, tmp_path: Path) -> None:
    end = last(corpus, 0, tmp_path / "none.pt")
    assert end.step == 0
    assert isinstance(end.average, SpeechNet)


def test_scores_name_what_they_measure(corpus: Corpus) -> None:
    found = scores(SpeechNet(len(PHONES)), corpus)
    assert {"frames_right", "r_opening", "r_closure"} <= set(found)
    assert 0 <= found["frames_right"] <= 1


def test_missing_a_phone_that_lips_meet_for_costs_more_than_missing_another() -> None:
    costs = weights()
    assert costs[PHONES.index("m")] == costs[PHONES.index("v")] > costs[VOWEL] == costs[PHONES.index("w")]
