"""The whole service on real input: the sample portrait speaks, then the result is dubbed with a second voice.

usage: scripts/demo [--out FOLDER]
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from contracts.errors import EngineFault
from contracts.settings import Secret
from scripts import demo_media, progress, table
from scripts.api_client import ApiClient, Sent, Standing
from scripts.cli import run_and_leave
from scripts.receiver import Receiver, receiving
from scripts.trial import Trial, running, serving
from scripts.waiting import until_over
from storage.records import Records

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
PORTRAIT, FIRST_VOICE, SECOND_VOICE = "portrait.png", "voice-austen.wav", "voice-kennedy.flac"

_ASK_EVERY_S = 0.5
_WEBHOOK_PATIENCE_S = 60
_JOB_PATIENCE_S = 600


class _Phases:
    """How long each phase took."""

    def __init__(self, setup_s: float) -> None:
        self.seconds = {"set up": setup_s} if setup_s else {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time the phase that the block is."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began

    def lines(self) -> list[str]:
        """The table of all phases."""
        rows = [(name, f"{seconds:7.1f}") for name, seconds in self.seconds.items()]
        return table.lines(("PHASE", "SECONDS"), [*rows, ("all", f"{sum(self.seconds.values()):7.1f}")])


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out/demo"), show_default=True)
@click.option("--setup-seconds", type=float, default=0.0, hidden=True)
def demo(out: Path, setup_seconds: float) -> None:
    """Run the service, make the sample portrait speak, dub the result, and check and show both."""
    out.mkdir(parents=True, exist_ok=True)
    phases = _Phases(setup_seconds)
    spoken, dubbed = out / "spoken.mp4", out / "dubbed.mp4"
    click.echo(f"starting the service; its log is {out / 'service.log'}", err=True)
    (out / "service.log").unlink(missing_ok=True)
    starting = time.monotonic()
    with running(log=out / "service.log") as trial, serving(SAMPLES) as files:
        phases.seconds["start the service"] = time.monotonic() - starting
        _make_both(trial, files, phases, spoken, dubbed)
        with phases.timed("check both"):
            checked = [_check(spoken, SAMPLES / FIRST_VOICE), _check(dubbed, SAMPLES / SECOND_VOICE)]
        with phases.timed("contact sheet, preview"):
            demo_media.contact_sheet(SAMPLES / PORTRAIT, spoken, dubbed, out / "before-after.png")
            demo_media.preview(SAMPLES / PORTRAIT, spoken, dubbed, out / "preview.mp4")
        stopping = time.monotonic()
    phases.seconds["stop the service"] = time.monotonic() - stopping
    shutil.copy(SAMPLES / PORTRAIT, out / "portrait.png")
    click.echo("\n".join([*checked, f"webhook: signed and complete\nwritten to {out}\n", *phases.lines()]))


def _make_both(trial: Trial, files: str, phases: _Phases, spoken: Path, dubbed: Path) -> None:
    client = ApiClient(trial.url, Secret(trial.key))
    with receiving(_webhook_secret(trial)) as receiver, progress.bars() as bars:
        with phases.timed("(a) portrait speaks"):
            state = {"image": f"{files}/{PORTRAIT}", "audio": f"{files}/{FIRST_VOICE}", "resolution": "720p", "seed": 1}
            sent = client.submit("lipsync-image", state, receiver.url)
            first = _result(client, sent, spoken, progress.Waiting(bars, "speak"))
        with phases.timed("    its webhook"):
            _check_webhook(receiver, sent)
        with phases.timed("(b) video is dubbed"):
            sent = client.dub(first.output, f"{files}/{SECOND_VOICE}")
            _result(client, sent, dubbed, progress.Waiting(bars, "dub"))


def _webhook_secret(trial: Trial) -> Secret:
    records = Records(trial.data / "records.db")
    try:
        return records.keys.webhook_secret(trial.key.split("_")[1])
    finally:
        records.close()


def _result(client: ApiClient, sent: Sent, out: Path, waiting: progress.Waiting) -> Standing:
    """Wait for a job and fetch what it made."""
    standing = until_over(client, sent, every_s=_ASK_EVERY_S, at_most_s=_JOB_PATIENCE_S)
    if not standing.output:
        raise EngineFault(f"job {sent.reference} failed: {standing.error}", remedy="service.log says more.")
    client.download(standing.output, out, lambda done, total: None)
    waiting.done()
    return standing


def _check_webhook(receiver: Receiver, sent: Sent) -> None:
    received = receiver.take(_WEBHOOK_PATIENCE_S)
    job = received.job
    if not received.is_signed or job["id"] != sent.reference or job["status"] != "completed" or not job["output"]:
        raise EngineFault(f"the webhook is not as it should be: signed={received.is_signed} {received.raw.decode()}")


def _check(video: Path, audio: Path) -> str:
    """Play a result and hold its length against its audio's."""
    played, wanted_s = demo_media.play(video), demo_media.audio_seconds(audio)
    frame_s = float(1 / played.fps)
    if abs(played.seconds - wanted_s) > frame_s or abs(played.audio_s - wanted_s) > frame_s:
        raise EngineFault(
            f"{video.name}: {played.seconds:.3f} s of picture, {played.audio_s:.3f} s of sound, for {wanted_s:.3f} s"
        )
    size = f"{played.width}x{played.height}, {played.frames} frames at {float(played.fps):g} fps"
    return f"{video.name}: plays, {size}, {played.seconds:.2f} s for {wanted_s:.2f} s of audio"


if __name__ == "__main__":
    run_and_leave(demo)
