"""Our engine and the plain loop, one run after the other, and how they compare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from contracts.settings import Device
from scripts.speed.apart import Answer, Numbers, called
from scripts.speed.tasks import Chosen, DetectorTask, Footage, OurTask, PlainTask, Task, Workers

#: Numbers by name, in as many levels as it takes.
Measured = dict[str, object]
#: The plain loop of each engine.
_PLAIN = {"wav2lip": "scripts.speed.plain.loop:run", "musetalk": "scripts.speed.plain.musetalk:run"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes:
        engine: which.
        folder: for all files.
        source, sound, width, height, seconds: see `Footage`.
        batches: of the plain loop, each of which is tried.
        workers: of our engine, likewise.
        detector_frames: that the plain loop's detector is timed on; 0 leaves it out.
        device: where networks run.
    """

    engine: Literal["wav2lip", "musetalk"]
    folder: Path
    source: Path | None
    sound: Path
    width: int
    height: int
    seconds: float
    batches: tuple[int, ...]
    workers: tuple[Workers, ...]
    detector_frames: int
    device: Device

    @property
    def footage(self) -> Footage:
        """Clip, voice, face and weights."""
        return Footage(
            engine=self.engine,
            folder=self.folder / "footage",
            source=self.source,
            sound=self.sound,
            width=self.width,
            height=self.height,
            seconds=self.seconds,
        )


def beside(plan: Plan, say: Callable[[str], None]) -> Measured:
    """Measure both.

    Args:
        plan: what is measured.
        say: told what is being done.

    Returns:
        `plain` by batch, `detector`, `ours` with the face's place given (`fixed`) and looked for (`found`) by
        workers, and the `ratios` of the best of each.
    """
    say(f"{plan.width}x{plan.height}: clip, voice and weights")
    made = called("scripts.speed.footage:make", plan.footage).numbers
    plain: dict[str, Numbers] = {}
    for batch in plan.batches:
        say(f"{plan.width}x{plan.height}: plain loop, batches of {batch}")
        plain[str(batch)] = _told(called(_PLAIN[plan.engine], _plain(plan, made, batch)))
    ours: dict[str, dict[str, Numbers]] = {"fixed": {}, "found": {}}
    for kind, runs in ours.items():
        for workers in plan.workers:
            say(f"{plan.width}x{plan.height}: ours, face {kind}, workers and their threads: {workers}")
            runs[str(workers)] = _told(called("scripts.speed.ours:run", _ours(plan, plan.footage, workers, kind)))
    found: Measured = {"clip_frames": made["frames"], "plain": plain, "ours": ours}
    detector: Numbers = {}
    if plan.detector_frames:
        say(f"{plan.width}x{plan.height}: plain loop's detector, {plan.detector_frames} frames")
        task = DetectorTask(clip=plan.footage.clip, frames=plan.detector_frames, device=plan.device)
        detector = _rounded(called("scripts.speed.plain.detector:run", task).numbers)
        found["detector"] = {**detector, "said": "extrapolated: seconds of each of these frames, for all frames"}
    found["ratios"] = ratios(plain, ours, detector)
    return found


def long_run(plan: Plan, seconds: float, say: Callable[[str], None]) -> Measured:
    """Our engine on the same clip and voice, repeated to so many seconds, by workers."""
    footage = replace(plan.footage, folder=plan.folder / "long", seconds=seconds)
    called("scripts.speed.footage:repeat", (plan.footage, footage))
    results: Measured = {"seconds": seconds}
    for workers in plan.workers:
        say(f"{plan.width}x{plan.height}: ours, {seconds:g} s, workers and their threads: {workers}")
        results[str(workers)] = _told(called("scripts.speed.ours:run", _ours(plan, footage, workers, "found")))
    return results


def ratios(plain: Mapping[str, Numbers], ours: Mapping[str, Mapping[str, Numbers]], detector: Numbers) -> Numbers:
    """How many times as fast as the best of the plain loop the best of ours is, and its part of the memory.

    Args:
        plain: by batch: `frames`, `whole_s`, `fps`, `loaded_mib`, `peak_mib`.
        ours: the same by workers, "fixed" and "found".
        detector: `wall_s` of a frame; {} when it was not measured.

    Returns:
        `fixed_box`: frames per second with the face's place given on both sides; `detectors_counted`: looked for on
        both; for each set of our workers `memory`: our peak over the plain loop's when it is fastest, and `grown`:
        the same of what comes on top of the loaded networks.
    """
    best = max(plain.values(), key=lambda numbers: numbers["fps"])
    fixed, found = (max(run["fps"] for run in ours[kind].values()) for kind in ("fixed", "found"))
    result = {"fixed_box": fixed / best["fps"]}
    if detector:
        counted = best["frames"] / (best["whole_s"] + best["frames"] * detector["wall_s"])
        result["plain_fps_with_detector"] = counted
        result["detectors_counted"] = found / counted
    for workers, run in ours["found"].items():
        result[f"memory_{workers}"] = run["peak_mib"] / best["peak_mib"]
        result[f"grown_{workers}"] = _grown(run) / _grown(best)
    return _rounded(result)


def _grown(run: Numbers) -> float:
    """Memory on top of what the loaded networks take."""
    return max(run["peak_mib"] - run["loaded_mib"], 1.0)


def _plain(plan: Plan, made: Numbers, batch: int) -> PlainTask:
    folder = plan.folder / f"plain-{batch}"
    folder.mkdir()
    footage = plan.footage
    left, top, right, bottom = (int(made[edge]) for edge in ("left", "top", "right", "bottom"))
    return PlainTask(
        clip=footage.clip,
        voice=footage.voice,
        folder=folder,
        weights=footage.weights,
        box=(left, top, right, bottom),
        batch=batch,
        device=plan.device,
    )


def _ours(plan: Plan, footage: Footage, workers: Workers, kind: str) -> OurTask:
    folder = footage.folder / f"ours-{kind}-{workers}"
    folder.mkdir()
    chosen = Chosen(
        name=plan.engine,
        models=plan.footage.models,
        face=plan.footage.face if kind == "fixed" else None,
        threads=workers.threads,
    )
    task = Task(clip=footage.clip, voice=footage.voice, seconds=footage.seconds, folder=folder, chosen=chosen)
    return OurTask(task=task, processes=workers.processes, device=plan.device)


def _told(answer: Answer) -> Numbers:
    numbers = answer.numbers
    frames = numbers["frames"]
    costs = {
        "fps": frames / numbers["whole_s"],
        "busy_ms": 1000 * answer.busy_s / frames,
        "loaded_mib": answer.loaded_mib,
        "peak_mib": answer.peak_mib,
    }
    if "model_s" in numbers:
        costs["model_fps"] = frames / numbers["model_s"]
    return _rounded(numbers | costs)


def _rounded(numbers: Numbers) -> Numbers:
    return {name: round(value, 3) for name, value in numbers.items()}
