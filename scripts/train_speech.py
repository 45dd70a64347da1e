"""Train the network that hears phones and write its weights into the package.

Needs espeak-ng, flite, festival, texts to speak and recorded prompts, none of which this project needs to run: see
docs/training.md. Speech, what the encoder heard of it and the training's checkpoints are kept in WORK, so that a run
that was stopped goes on where it was.
"""

import json
import math
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from multiprocessing import get_context
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
from scripts.training.prompts import Prompt, aligned, heard_prompts, shuffled
from scripts.training.store import keep, kept
from scripts.training.synthesise import Speakers, recordings

_WEIGHTS = Path(__file__).resolve().parents[1] / "engines" / "articulate" / "weights"
_NAME = "speech.safetensors"
#: Added to the seed for speech that is only scored.
_OTHER_SPEECH = 1000
_HELD_OUT_H = {"formant": 0.06, "kokoro": 0.025, "hibari": 0.025}
_HELD_OUT_PROMPTS = 100
#: Of the scores, those that the manifest tells of each kind of speech.
_WRITTEN = ("frames_right", "r_opening", "r_width", "r_closure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to train on: hours of speech of each kind; steps before the prompts are aligned and after; the seed."""

    formant_h: float
    kokoro_h: float
    hibari_h: float
    prompts_h: float
    first_steps: int
    steps: int
    seed: int


@click.command(help=__doc__)
@click.argument("work", type=click.Path(file_okay=False, path_type=Path))
@click.option("--formant-hours", default=0.4, show_default=True, help="Speech of eSpeak NG, Flite and Festival.")
@click.option("--kokoro-hours", default=0.45, show_default=True, help="Speech of Kokoro.")
@click.option("--hibari-hours", default=0.5, show_default=True, help="Speech of hibari.")
@click.option("--prompts-hours", default=0.35, show_default=True, help="Recorded prompts; heard twice.")
@click.option("--first-steps", default=160, show_default=True, help="Steps of the network that aligns the prompts.")
@click.option("--steps", default=450, show_default=True, help="Steps of training, 48 s of speech each.")
@click.option("--seed", default=1, show_default=True, help="Decides the texts, voices, channels and weights.")
@click.option("--threads", default=1, show_default=True, help="Processor cores to use.")
@click.option("--out", default=_WEIGHTS, show_default=False, type=click.Path(path_type=Path), help="Weights folder.")
def main(
    work: Path,
    formant_hours: float,
    kokoro_hours: float,
    hibari_hours: float,
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
        kokoro_h=kokoro_hours,
        hibari_h=hibari_hours,
        prompts_h=prompts_hours,
        first_steps=first_steps,
        steps=steps,
        seed=seed,
    )
    encoder = SpeechEncoder()
    load_weights(encoder, _WEIGHTS, "speech_encoder.safetensors")
    folders, held_out = _synthetic(work / "spoken", work / "heard", plan, encoder)
    first = _trained(load_corpus(*folders), held_out["formant"], first_steps, seed, work / "first.pt")
    if prompts_hours:
        every = shuffled(seed)
        test, rest = every[:_HELD_OUT_PROMPTS], every[_HELD_OUT_PROMPTS:]
        folders.append(_recorded(work, "prompts", rest, prompts_hours, first, encoder, seed))
        number = seed + _OTHER_SPEECH
        held_out["prompts"] = load_corpus(_recorded(work, "held_prompts", test, math.inf, first, encoder, number))
    net = _trained(load_corpus(*folders), held_out["formant"], steps, seed, work / "checkpoint.pt")
    click.echo(_write(net, _entry(plan, {kind: scores(net, speech) for kind, speech in held_out.items()}), out))


def _synthetic(spoken: Path, heard: Path, plan: Plan, encoder: SpeechEncoder) -> tuple[list[Path], dict[str, Corpus]]:
    """Speak and hear: the folders to train on, and what is held out of each kind."""
    hours = {"formant": plan.formant_h, "kokoro": plan.kokoro_h, "hibari": plan.hibari_h}
    for place, kind in enumerate(hours):
        for name, seed, enough in (
            (kind, plan.seed, hours[kind]),
            (f"held_{kind}", plan.seed + _OTHER_SPEECH, _HELD_OUT_H[kind]),
        ):
            with ProcessPoolExecutor(1, get_context("spawn")) as apart:
                apart.submit(_speak, kind, seed, spoken / name, enough).result()
            sent = recordings(kept(spoken / name), seed + 10 * place)
            _keep(keep_heard(labelled(sent, encoder), heard / name, math.inf), f"{name}: heard")
    held_out = {
        "formant": load_corpus(heard / "held_formant"),
        "neural": load_corpus(heard / "held_kokoro", heard / "held_hibari"),
    }
    return [heard / kind for kind in hours], held_out


def _speak(kind: str, seed: int, folder: Path, hours: float) -> None:
    """Fill a folder with speech, in a process of its own: eSpeak's sound depends on all that it has said before."""
    if (folder / "finished").exists():
        return
    if kind == "formant":
        utterances = Speakers(seed).utterances()
    else:
        speakers = NeuralSpeakers(seed)
        utterances = speakers.kokoro() if kind == "kokoro" else speakers.hibari()
    _keep(keep(utterances, folder, hours), f"{folder.name}: spoken")


def _recorded(
    work: Path, name: str, every: list[Prompt], hours: float, first: SpeechNet, encoder: SpeechEncoder, seed: int
) -> Path:
    """Hear prompts as they are and through a channel, and align them: the folder that holds both."""
    clean, sent, both = work / "heard" / name, work / "heard" / f"{name}_sent", work / "aligned" / name
    _keep(keep_heard(heard_prompts(every, encoder), clean, hours), f"{name}: heard")
    _keep(keep_heard(heard_prompts(every, encoder, seed), sent, hours), f"{name}: heard through channels")
    _keep(keep_heard(aligned(every, clean, sent, first), both, math.inf), f"{name}: aligned")
    return both


def _keep(hours: Iterable[float], what: str) -> None:
    for done in hours:
        click.echo(f"{what} {done:.2f} h")


def _entry(plan: Plan, found: dict[str, dict[str, float]]) -> WeightFile:
    return WeightFile(
        sha256="",
        licence="Apache-2.0",
        source="trained on what the speech encoder hears of speech synthesised by eSpeak NG, Flite, Festival, Kokoro "
        "and hibari from Debian's fortunes and word lists, and of the Italian and Russian prompts of "
        "asterisk-core-sounds (CC-BY-3.0)",
        recipe=f"scripts/train_speech.py --formant-hours {plan.formant_h:g} --kokoro-hours {plan.kokoro_h:g} "
        f"--hibari-hours {plan.hibari_h:g} --prompts-hours {plan.prompts_h:g} --first-steps {plan.first_steps} "
        f"--steps {plan.steps} --seed {plan.seed}",
        scores={f"{kind}_{name}": part[name] for kind, part in found.items() for name in _WRITTEN},
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
