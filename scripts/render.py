"""One video rendered in this process, with no server: what `mouthpiece render` does."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import torch

from contracts.jobs import FaceChoice, FacePoint, MediaInfo, OutputOptions, Role, Side, Timings
from contracts.settings import Settings
from engines import join, pipeline
from engines.audio import read_speech
from engines.base import Direction, Engine, Speech
from engines.containers import STILL_FORMATS, sniff
from engines.probe import Probe, probe
from engines.registry import load
from engines.words import drive

#: Called with the stage's name and its fraction done, 0..1.
Progress = Callable[[str, float], None]


def render_file(
    source: Path,
    audio: Path,
    out: Path,
    *,
    engine: str = "articulate",
    vocal: Path | None = None,
    right_vocal: Path | None = None,
    mask: Path | None = None,
    timings: Timings | None = None,
    right_timings: Timings | None = None,
    face: FaceChoice | FacePoint = FaceChoice.ACTIVE,
    prompt: str = "",
    seed: int = 0,
    options: OutputOptions = OutputOptions(),  # noqa: B008 - immutable
    settings: Settings = Settings(),  # noqa: B008 - immutable
    progress: Progress = lambda stage, fraction: None,
) -> pipeline.Plan:
    """Make a lip-synced video out of a portrait or a video and a voice.

    Args:
        source: portrait or video; told apart by content.
        audio: what is heard.
        out: the MP4 file to write.
        engine: name of an installed engine.
        vocal: what drives the lips, when it is not `audio`.
        right_vocal: what drives the right one of two faces; the left one's is `vocal` or else `audio`.
        mask: a picture whose dark parts must not change.
        timings: what the sound that drives the lips says when; the left face's, of two.
        right_timings: what `right_vocal` says when.
        face: which of several faces a single voice moves.
        prompt: the style in words.
        seed: makes the motion that the speech does not determine repeatable.
        options: how the output differs from the source.
        settings: where the engine and its files are, and how it computes.
        progress: told about each step.

    Returns:
        The plan, with the length, the size and the warnings of the output.

    Raises:
        MouthpieceError: as the job would fail.
    """
    info = _source_info(source)
    length_s = probe(audio, Role.AUDIO, "audio").duration_s
    torch.set_num_threads(settings.torch_threads)
    cv2.setNumThreads(settings.torch_threads)
    loaded = load(engine, settings)
    later_s = options.sync_offset_ms / 1000
    voices = _voices(audio, vocal, right_vocal)
    drives = [drive(voice, said, later_s) for voice, said in zip(voices, (timings, right_timings), strict=False)]
    with TemporaryDirectory(dir=out.absolute().parent, prefix=".mouthpiece-") as folder:
        work = Path(folder)
        plan = pipeline.analyse(
            loaded,
            source,
            info,
            [each.speech for each in drives],
            length_s,
            options,
            settings.segment_s,
            Direction(seed=seed, prompt=prompt, enhance=options.enhance, face=face),
            work / "analysis",
            lambda fraction: progress("analyse", fraction),
            pipeline.MaskFile(path=mask, field="mask") if mask else None,
        )
        segments = _render_all(loaded, source, info, plan, work, progress)
        unfinished = work / "output.mp4"
        join.publish(segments, audio, plan.duration_s, unfinished, lambda fraction: progress("publish", fraction))
        unfinished.replace(out)
    return replace(plan, warnings=tuple(said for each in drives for said in each.warnings) + plan.warnings)


def _voices(audio: Path, vocal: Path | None, right_vocal: Path | None) -> list[Speech]:
    only = read_speech(vocal, "vocal") if vocal else read_speech(audio, "audio")
    if right_vocal is None:
        return [only]
    return [replace(only, side=Side.LEFT), replace(read_speech(right_vocal, "right_vocal"), side=Side.RIGHT)]


def _render_all(
    engine: Engine, source: Path, info: MediaInfo, plan: pipeline.Plan, work: Path, progress: Progress
) -> list[Path]:
    segments = []
    for segment in plan.segments:
        path = work / f"{segment.index:05}.mp4"
        done = segment.start / plan.frames
        share = (segment.end - segment.start) / plan.frames
        pipeline.render(
            engine,
            source,
            info,
            work / "analysis",
            segment,
            path,
            lambda fraction, done=done, share=share: progress("render", done + share * fraction),  # type: ignore[misc]
        )
        segments.append(path)
    return segments


def is_still(source: Path) -> bool:
    """Whether a file is a picture, by its content.

    Raises:
        UnreadableMedia: when it is no media.
    """
    return sniff(source).demuxer in STILL_FORMATS


def _source_info(source: Path) -> MediaInfo:
    role = Role.IMAGE if is_still(source) else Role.VIDEO
    found: Probe = probe(source, role, "source")
    return MediaInfo(
        role=role,
        field="source",
        blob="",
        container=found.container,
        size_bytes=source.stat().st_size,
        duration_s=found.duration_s,
        width=found.width,
        height=found.height,
        fps=found.fps,
    )
