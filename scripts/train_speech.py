"""Train the network that hears phones and write its weights into the package.

Needs espeak-ng, flite, festival, texts to speak and recorded prompts, none of which this project needs to run: see
docs/training.md. Speech, what the encoder heard of it and the training's checkpoints are kept in WORK, so that a run
that was stopped goes on where it was.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import click
import torch
from safetensors.torch import save

from engines.articulate.speech_encoder import SpeechEncoder
from engines.articulate.speech_net import SpeechNet
from engines.weights import MANIFEST, WeightFile, load_weights, read_manifest
from scripts.training.features import keep_heard, labelled
from scripts.training.neural import NeuralSpeakers
from scripts.training.optimise import Corpus, load_corpus, optimise, scores
from scripts.training.prompts import aligned, heard_prompts, shuffled
from scripts.training.store import keep, kept
from scripts.training.synthesise import Speakers, recordings

_WEIGHTS = Path(__file__).resolve().parents[1] / "engines" / "articulate" / "weights"
_NAME = "speech.safetensors"
#: Added to the seed for speech that is only scored.
_OTHER_SPEECH = 1000
_HELD_OUT_HOURS = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to train on: hours of speech of each kind; steps before the prompts are aligned and after; the seed."""

    formant_h: float
    neural_h: float
    prompts_h: float
    first_steps: int
    steps: int
    seed: int


@click.command(help=__doc__)
@click.argument("work", type=click.Path(file_okay=False, path_type=Path))
@click.option("--formant-hours", default=0.31, show_default=True, help="Speech of eSpeak NG, Flite and Festival.")
@click.option("--neural-hours", default=0.0746, show_default=True, help="Speech of Kokoro and hibari.")
@click.option("--prompts-hours", default=0.591, show_default=True, help="Recorded prompts.")
@click.option("--first-steps", default=160, show_default=True, help="Steps of the network that aligns the prompts.")
@click.option("--steps", default=450, show_default=True, help="Steps of training, 48 s of speech each.")
@click.option("--seed", default=1, show_default=True, help="Decides the texts, voices, channels and weights.")
@click.option("--threads", default=1, show_default=True, help="Processor cores to use.")
@click.option("--out", default=_WEIGHTS, show_default=False, type=click.Path(path_type=Path), help="Weights folder.")
def main(
    work: Path,
    formant_hours: float,
    neural_hours: float,
    prompts_hours: float,
    first_steps: int,
    steps: int,
    seed: int,
    threads: int,
    out: Path,
) -> None:
    """Synthesise, hear, train, align, train, score, write."""
    torch.set_num_threads(threads)
    plan = Plan(
        formant_h=formant_hours,
        neural_h=neural_hours,
        prompts_h=prompts_hours,
        first_steps=first_steps,
        steps=steps,
        seed=seed,
    )
    encoder = SpeechEncoder()
    load_weights(encoder, _WEIGHTS, "speech_encoder.safetensors")
    synthetic, held_out = _synthetic(work, plan, encoder)
    every = shuffled(seed) if prompts_hours else []
    prompts, real = work / "heard" / "prompts", work / "aligned"
    _keep(keep_heard(heard_prompts(every, encoder), prompts, prompts_hours), "prompts: heard")
    first = _trained(load_corpus(*synthetic), held_out, first_steps, seed, work / "first.pt")
    _keep(keep_heard(aligned(every, prompts, first), real, math.inf), "prompts: aligned")
    net = _trained(load_corpus(*synthetic, real), held_out, steps, seed, work / "checkpoint.pt")
    click.echo(_write(net, _entry(plan, scores(net, held_out)), out))


def _synthetic(work: Path, plan: Plan, encoder: SpeechEncoder) -> tuple[list[Path], Corpus]:
    """Speak and hear: the folders to train on, and what is held out."""
    seed, other = plan.seed, plan.seed + _OTHER_SPEECH
    kinds = (
        ("formant", Speakers(seed).utterances(), plan.formant_h, seed),
        ("neural", NeuralSpeakers(seed).utterances(), plan.neural_h, seed),
        ("held_formant", Speakers(other).utterances(), _HELD_OUT_HOURS, other),
    )
    for name, utterances, hours, number in kinds:
        _keep(keep(utterances, work / "spoken" / name, hours), f"{name}: spoken")
        sent = recordings(kept(work / "spoken" / name), number)
        _keep(keep_heard(labelled(sent, encoder), work / "heard" / name, math.inf), f"{name}: heard")
    folders = [work / "heard" / name for name, *_ in kinds]
    return folders[:2], load_corpus(folders[2])


def _keep(hours: Iterable[float], what: str) -> None:
    for done in hours:
        click.echo(f"{what} {done:.2f} h")


def _entry(plan: Plan, found: dict[str, float]) -> WeightFile:
    return WeightFile(
        sha256="",
        licence="Apache-2.0",
        source="trained on what the speech encoder hears of speech synthesised by eSpeak NG, Flite, Festival, Kokoro "
        "and hibari from Debian's fortunes and word lists, and of the prompts of asterisk-core-sounds",
        recipe=f"scripts/train_speech.py --formant-hours {plan.formant_h:g} --neural-hours {plan.neural_h:g} "
        f"--prompts-hours {plan.prompts_h:g} --first-steps {plan.first_steps} --steps {plan.steps} --seed {plan.seed}",
        scores={f"synthetic_{name}": value for name, value in found.items()},
    )


def _trained(corpus: Corpus, held_out: Corpus, steps: int, seed: int, checkpoint: Path) -> SpeechNet:
    for progress in optimise(corpus, steps, seed, checkpoint):
        if progress.step % 100 == 0:
            heard = _listed(scores(progress.average, held_out))
            click.echo(f"step {progress.step} of {steps} loss {progress.loss:.3f} {heard}")
    return progress.average


def _listed(found: dict[str, float]) -> str:
    return " ".join(f"{name} {value}" for name, value in found.items())


def _write(net: SpeechNet, entry: WeightFile, folder: Path) -> Path:
    content = save({name: tensor.half().contiguous() for name, tensor in net.state_dict().items()})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _NAME).write_bytes(content)
    entries = read_manifest(folder) if (folder / MANIFEST).exists() else {}
    entries[_NAME] = replace(entry, sha256=sha256(content).hexdigest())
    listing = {name: asdict(entry) for name, entry in sorted(entries.items())}
    (folder / MANIFEST).write_text(json.dumps(listing, indent=2) + "\n", encoding="utf-8")
    return folder / _NAME


if __name__ == "__main__":
    main()
