"""Train the network that hears phones, on speech synthesised here, and write its weights into the package.

Needs espeak-ng, flite, festival and texts to speak, none of which this project needs to run: see docs/training.md. The
recordings and the training's checkpoint are kept in WORK, so that a run that was stopped goes on where it was.
"""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import click
import torch
from safetensors.torch import save

from engines.articulate.speech_net import SpeechNet
from engines.weights import MANIFEST, WeightFile, read_manifest
from scripts.training.optimise import Corpus, load_corpus, optimise, scores
from scripts.training.synthesise import synthesise

_WEIGHTS = Path(__file__).resolve().parents[1] / "engines" / "articulate" / "weights"
_NAME = "speech.safetensors"
_HELD_OUT_HOURS = 1 / 3


@click.command(help=__doc__)
@click.argument("work", type=click.Path(file_okay=False, path_type=Path))
@click.option("--hours", default=8.0, show_default=True, help="Speech to synthesise.")
@click.option("--steps", default=8000, show_default=True, help="Steps of training, 64 s of speech each.")
@click.option("--seed", default=1, show_default=True, help="Decides the texts, voices, channels and weights.")
@click.option("--threads", default=1, show_default=True, help="Processor cores to use.")
@click.option("--out", default=_WEIGHTS, show_default=False, type=click.Path(path_type=Path), help="Weights folder.")
def main(work: Path, hours: float, steps: int, seed: int, threads: int, out: Path) -> None:
    """Synthesise, train, score, write."""
    torch.set_num_threads(threads)
    corpus = _corpus(work / "train", hours, seed)
    held_out = _corpus(work / "held_out", _HELD_OUT_HOURS, seed + 1000)
    net = _trained(corpus, held_out, steps, seed, work / "checkpoint.pt")
    entry = WeightFile(
        sha256="",
        licence="Apache-2.0",
        source="trained on speech synthesised by eSpeak NG, Flite and Festival from Debian's fortunes and word lists",
        recipe=f"scripts/train_speech.py --hours {hours:g} --steps {steps} --seed {seed}",
        scores={f"synthetic_{name}": value for name, value in scores(net, held_out).items()},
    )
    click.echo(_write(net, entry, out))


def _corpus(folder: Path, hours: float, seed: int) -> Corpus:
    finished = folder / "finished"
    if not finished.exists():
        for done in synthesise(folder, hours, seed):
            click.echo(f"synthesised {done:.2f} of {hours:.2f} h")
        finished.touch()
    return load_corpus(folder)


def _trained(corpus: Corpus, held_out: Corpus, steps: int, seed: int, checkpoint: Path) -> SpeechNet:
    for progress in optimise(corpus, steps, seed, checkpoint):
        if progress.step % 250 == 0:
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
