"""Tries damaged media on everything that reads clients' files, and tells which of them surprised it.

Small real files of every kind are made, and damaged at random places in ways that a number decides: the same number
always makes the same file. Each is read in a process with the bounds of the service. A clear refusal or a readable file
is as it should be; a crash, a hang or any other error is a finding, and its file is kept.

usage: python -m scripts.fuzz_media [--from N] [--cases N] [--keep FOLDER]
"""

import io
import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import click
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from contracts.errors import InputError
from contracts.jobs import Role
from engines.audio import read_speech
from engines.media import VideoSource
from engines.probe import probe
from engines.stills import read_still

_VIDEOS = {"mp4": "libx264", "mov": "mjpeg", "webm": "libvpx-vp9", "mkv": "libx265", "avi": "mpeg4"}
_SOUNDS = {"wav": "pcm_s16le", "mp3": "libmp3lame", "m4a": "aac", "aac": "aac", "flac": "flac", "ogg": "libopus"}
_STILLS = ("png", "jpg", "webp")
_SIDES = (96, 64)
#: One case may take so long, and so much memory.
_CASE_S, _MEMORY_BYTES = 60, 3 << 30

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A case that neither could be read nor was refused."""

    case: int
    kind: str
    what: str


def originals() -> dict[str, bytes]:
    """One small file of each kind."""
    made = {kind: _video(kind, codec) for kind, codec in _VIDEOS.items()}
    made |= {kind: _sound(kind, codec) for kind, codec in _SOUNDS.items()}
    picture = np.random.default_rng(1).integers(0, 255, (_SIDES[1], _SIDES[0], 4), np.uint8)
    return made | {kind: cv2.imencode(f".{kind}", picture)[1].tobytes() for kind in _STILLS}


def _video(kind: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format={"mkv": "matroska"}.get(kind, kind)) as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        if not isinstance(stream, VideoStream):
            raise TypeError(codec)
        stream.width, stream.height = _SIDES
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(12):
            shade = np.full((_SIDES[1], _SIDES[0], 3), number * 20, np.uint8)
            shade[:, number * 5 : number * 5 + 20] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def _sound(kind: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format={"m4a": "mp4", "aac": "adts"}.get(kind, kind)) as container:
        stream = container.add_stream(codec, rate=48000, layout="mono")
        if not isinstance(stream, AudioStream):
            raise TypeError(codec)
        tone = (np.sin(np.arange(24000) / 20) * 9000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(tone, "s16", "mono")
        frame.rate = 48000
        resampler = av.AudioResampler(format=stream.format.name, layout=stream.layout, rate=48000)
        for part in resampler.resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return file.getvalue()


def damaged(case: int, files: dict[str, bytes]) -> tuple[str, bytes]:
    """Make the file of a case: its kind, and its bytes."""
    random = np.random.default_rng(case)
    kind = sorted(files)[case % len(files)]
    data = np.frombuffer(files[kind], np.uint8).copy()
    for _ in range(int(random.integers(1, 6))):
        data = _damage(data, random) if len(data) > 16 else data
    return kind, data.tobytes()


def _damage(data: Bytes, random: np.random.Generator) -> Bytes:
    # Heads decide more than what follows: half of the damage is done there.
    reach = min(len(data), 600) if random.random() < 0.5 else len(data)
    at, count = int(random.integers(0, reach - 8)), int(random.integers(1, 9))
    match random.integers(0, 6):
        case 0:
            data[at : at + count] = random.integers(0, 256, len(data[at : at + count]), np.uint8)
        case 1:
            data[at] ^= np.uint8(1 << int(random.integers(0, 8)))
        case 2:
            data[at : at + 4] = random.choice(np.array([0, 1, 0x7F, 0x80, 0xFF], np.uint8))
        case 3:
            return np.delete(data, slice(at, at + count))
        case 4:
            return np.insert(data, at, data[at : at + int(random.integers(1, 200))])
        case _:
            return data[: max(16, int(random.integers(16, len(data))))]
    return data


def read_all(path: Path, kind: str) -> None:
    """Read a file as the steps of a job do.

    Raises:
        InputError: when it is refused, as it should be.
    """
    if kind in _SOUNDS:
        probe(path, Role.AUDIO, "audio", 600.0)
        read_speech(path, "audio")
    elif kind in _STILLS:
        probe(path, Role.IMAGE, "image")
        read_still(path, "image", _SIDES)
    else:
        found = probe(path, Role.VIDEO, "video")
        if found.duration_s <= 600 and max(found.width, found.height) <= 4096:
            video = VideoSource(path, "video")
            numbers = [*range(min(len(video), 50)), *range(min(len(video), 50) - 1, -1, -5)]
            for _ in video.frames_at(numbers, _SIDES):
                pass


def _read_cases(first: int, last: int, folder: Path) -> None:
    """Tell of each case that it begins, and what came of it; all in this process."""
    files, path = originals(), folder / "case"
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    for case in range(first, last):
        kind, data = damaged(case, files)
        path.write_bytes(data)
        _say({"case": case, "kind": kind})
        signal.alarm(_CASE_S)  # Ends the process: nobody handles it.
        try:
            read_all(path, kind)
            _say({"case": case, "outcome": "read"})
        except InputError as refusal:
            _say({"case": case, "outcome": "refused" if refusal.message and refusal.remedy else "no words"})
        except Exception as error:
            _say({"case": case, "outcome": f"{type(error).__name__}: {error}"[:300]})


def _say(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def fuzz(first: int, cases: int, keep: Path | None = None) -> tuple[Counter[str], list[Finding]]:
    """Try so many cases, from the first on.

    Returns:
        How many were read and refused, and the findings.
    """
    counts, findings, files = Counter[str](), list[Finding](), originals()
    at, end = first, first + cases
    while at < end:
        for event in _events(at, end):
            at = int(str(event["case"])) + ("outcome" in event)
            outcome = str(event.get("outcome", ""))
            if outcome in ("read", "refused"):
                counts[outcome] += 1
            elif outcome:
                findings.append(Finding(case=at - 1, kind=damaged(at - 1, files)[0], what=outcome))
    if keep:
        _kept(findings, files, keep)
    return counts, findings


def _events(first: int, end: int) -> Iterator[dict[str, object]]:
    """What a process that reads the cases tells; its death or silence comes as the last one."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "scripts.fuzz_media", "--from", str(first), "--cases", str(end - first)]
        with subprocess.Popen(  # nosec B603 # this very program
            [*command, "--inside", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            last = first
            for line in process.stdout or ():
                event = json.loads(line)
                last = event["case"] + ("outcome" in event)
                yield event
        if process.returncode:
            yield {"case": last, "outcome": f"the process ended with {process.returncode}"}


def _kept(findings: list[Finding], files: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for finding in findings:
        (folder / f"{finding.case}.{finding.kind}").write_bytes(damaged(finding.case, files)[1])


@click.command()
@click.option("--from", "first", default=0, show_default=True, help="Number of the first case.")
@click.option("--cases", default=20_000, show_default=True, help="How many are tried.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for the files that surprised.")
@click.option("--inside", type=click.Path(path_type=Path), hidden=True)
def main(first: int, cases: int, keep: Path | None, inside: Path | None) -> None:
    """Try damaged media on everything that reads clients' files."""
    if inside:
        _read_cases(first, first + cases, inside)
        return
    counts, findings = fuzz(first, cases, keep)
    click.echo(f"{cases} cases: {counts['read']} read, {counts['refused']} refused, {len(findings)} findings")
    for finding in findings:
        click.echo(f"{finding.case} {finding.kind}: {finding.what}")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
