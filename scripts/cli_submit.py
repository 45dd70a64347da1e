"""The command that sends a job to a running service."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.progress import Progress

from contracts.errors import InternalError, MouthpieceError
from contracts.jobs import FaceChoice, FacePoint, SyncMode, Timings
from contracts.settings import PREFIX, Secret, Settings
from scripts import first_key, progress, remedies, runfile, waiting
from scripts.api_client import ApiClient, Body, Sent, Standing
from scripts.face_option import face_body
from scripts.job_progress import JobProgress
from scripts.options import Mp4File, open_records, with_settings
from scripts.timings_file import read_file, rows_of, with_sync

_ASK_EVERY_S = 1.0


class JobFailed(InternalError):
    """The service could not do the job; its own words say why."""


def _web_address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value and not value.startswith(("http://", "https://")):
        raise click.BadParameter(f"{value} does not begin with http:// or https://")
    return value.rstrip("/") if value else None


@click.command()
@click.option("--image", help="Portrait to make speak: a file or a URL.")
@click.option("--video", help="Video to give another voice: a file or a URL.")
@click.option("--audio", help="The speech: a file or a URL.")
@click.option("--script", help="In place of AUDIO: the words to be spoken.")
@click.option("--voice", help="With --script: the voice that speaks them, as GET /api/v1/voices lists it.")
@click.option("--vocal", help="With --video: another track that drives the lips, when AUDIO is more than the voice.")
@with_sync
@click.option("--resolution", type=click.Choice(["480p", "720p"]), help="Largest shorter side. [default: 480p]")
@click.option("--engine", help="Which of the service's engines does it. [default: the service's]")
@click.option("--seed", type=click.IntRange(0), help="Repeats the motion that the speech does not determine.")
@click.option("--webhook", help="URL that the outcome is posted to.")
@click.option("--wait", is_flag=True, help="Wait until the job has ended and print the URL of its output.")
@click.option("-o", "--output", type=Mp4File(), help="Wait, and write the result here.")
@click.option(
    "--url",
    envvar=f"{PREFIX}URL",
    callback=_web_address,
    help=f"The service. [default: {PREFIX}URL, else the one that runs here]",
)
@click.option(
    "--key",
    envvar=f"{PREFIX}API_KEY",
    help=f"An API key. [default: {PREFIX}API_KEY, else the first key of a service that runs here]",
)
@with_settings
def submit(
    settings: Settings,
    image: str | None,
    video: str | None,
    audio: str | None,
    script: str | None,
    voice: str | None,
    vocal: str | None,
    sync_mode: str,
    sync_offset: int,
    timings: Path | None,
    language: str,
    face: FaceChoice | FacePoint,
    resolution: str | None,
    engine: str | None,
    seed: int | None,
    webhook: str | None,
    wait: bool,
    output: Path | None,
    url: str | None,
    key: str | None,
) -> None:
    """Send a job to the service; local files are uploaded first. Prints the job's id."""
    if (image is None) == (video is None):
        raise click.UsageError("give one of --image and --video")
    _check_speech(audio, script, voice, has_timings=timings is not None)
    if vocal and (image or not audio or resolution or seed is not None or webhook):
        raise click.UsageError("--vocal goes with --video and --audio alone")
    fit = _asked(sync_mode=(sync_mode, SyncMode.BOUNCE), sync_offset_ms=(sync_offset, 0))
    said = _asked(engine=(engine or "", "")) | face_body(face)
    said |= _said(read_file(timings, language), language)
    said |= {"script": script, "voice_id": voice} if script else {}
    address = _service(settings, url)
    client = ApiClient(address, Secret(key) if key else _own_key(settings, address))
    placed = {
        name: client.place(media) for name, media in {"image": image, "video": video, "audio": audio}.items() if media
    }
    if vocal:
        sent = client.dub(placed["video"], placed["audio"], client.place(vocal), fit, said)
    else:
        state: Body = {**placed, **({"resolution": resolution} if resolution else {})}
        state |= _seed(seed) | fit | said
        sent = client.submit(f"lipsync-{'image' if image else 'video'}", state, webhook)
    click.echo(sent.reference)
    if wait or output:
        _finish(client, sent, JobProgress(settings, address), output, _later(settings, address, sent))
    else:
        _tell_warnings(client, sent)


def _check_speech(audio: str | None, script: str | None, voice: str | None, *, has_timings: bool) -> None:
    if (audio is None) == (script is None):
        raise click.UsageError("give one of --audio and --script")
    if (script is None) != (voice is None):
        raise click.UsageError("--script and --voice go together; GET /api/v1/voices lists the voices")
    if script is not None and has_timings:
        raise click.UsageError("--timings goes with --audio alone")


def _seed(seed: int | None) -> Body:
    return {} if seed is None else {"seed": seed}


def _asked(**options: tuple[str | int, str | int]) -> Body:
    """The options that differ from what the service does anyway."""
    return {name: value for name, (value, usual) in options.items() if value != usual}


def _said(timings: Timings | None, language: str) -> Body:
    spoken: Body = {"language": language} if language else {}
    return spoken if timings is None else {"timings": rows_of(timings)} | spoken


def _service(settings: Settings, url: str | None) -> str:
    if url:
        return url
    running = runfile.read(settings.data_dir)
    return running.url if running else settings.public_url


def _own_key(settings: Settings, address: str) -> Secret:
    """The first key, for the data folder's own service alone: no other is to learn it."""
    if address not in (_service(settings, None), settings.public_url):
        raise click.UsageError(
            f"{address} is not the service of {settings.data_dir}: give its key with --key or {PREFIX}API_KEY"
        )
    records = open_records(settings, must_exist=True)
    try:
        return first_key.working(settings, records)
    finally:
        records.close()


def _tell_warnings(client: ApiClient, sent: Sent) -> None:
    """Say what the service warns of in a job it has just taken."""
    try:
        warnings = client.standing(sent).warnings
    except MouthpieceError:
        # The job is taken; a key that may not read, or an outage, does not undo that.
        return
    _warn(warnings)


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)


def _finish(client: ApiClient, sent: Sent, job_progress: JobProgress, output: Path | None, later: str) -> None:
    """Wait for a job's end and fetch its result; however that breaks off, say how to come back to it."""
    try:
        with progress.bars() as bars:
            standing = _wait(client, sent, job_progress, bars)
            if output and standing.output:
                _download(client, standing.output, output, bars)
    except (KeyboardInterrupt, MouthpieceError, OSError):
        click.echo(f"The service keeps job {sent.reference}; {later}", err=True)
        raise
    _warn(standing.warnings)
    if not standing.output:
        raise JobFailed(f"the job failed: {standing.error or 'no output'}", remedy=remedies.of(standing.error_code))
    click.echo(output or standing.output)


def _later(settings: Settings, address: str, sent: Sent) -> str:
    if address == _service(settings, None):
        return f"mouthpiece jobs show {sent.reference} --data {settings.data_dir} tells how it stands."
    return f"GET {address}{sent.path} tells how it stands."


def _download(client: ApiClient, url: str, output: Path, bars: Progress) -> None:
    task = bars.add_task("download", total=None)
    client.download(url, output, lambda done, total: bars.update(task, completed=done, total=total))


def _wait(client: ApiClient, sent: Sent, job_progress: JobProgress, bars: Progress) -> Standing:
    task = bars.add_task("waiting", total=None)

    def look() -> None:
        if seen := job_progress.look(sent.reference):
            bars.update(task, description=seen.stage, completed=seen.percent, total=100)

    standing = waiting.until_over(client, sent, every_s=_ASK_EVERY_S, look=look)
    if standing.output:
        bars.update(task, description="done", completed=100, total=100)
    else:
        bars.update(task, description="failed", total=100)
    return standing
