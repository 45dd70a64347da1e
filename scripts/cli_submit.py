"""The command that sends a job to a running service."""

import time
from pathlib import Path

import click
from rich.progress import Progress

from contracts.errors import InternalError
from contracts.settings import PREFIX, Secret, Settings
from scripts import progress, runfile
from scripts.api_client import ApiClient, Body, Sent, Standing
from scripts.job_progress import JobProgress
from scripts.options import with_settings
from storage.secrets import first_key, server_secret

_ASK_EVERY_S = 1.0


class JobFailed(InternalError):
    """The service could not do the job; its own words say why."""


@click.command()
@click.option("--image", help="Portrait to make speak: a file or a URL.")
@click.option("--video", help="Video to give another voice: a file or a URL.")
@click.option("--audio", required=True, help="The speech: a file or a URL.")
@click.option("--vocal", help="With --video: another track that drives the lips, when AUDIO is more than the voice.")
@click.option("--resolution", type=click.Choice(["480p", "720p"]), help="Largest shorter side. [default: 480p]")
@click.option("--seed", type=click.IntRange(0), help="Repeats the motion that the speech does not determine.")
@click.option("--webhook", help="URL that the outcome is posted to.")
@click.option("--wait", is_flag=True, help="Wait until the job has ended and print the URL of its output.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Wait, and write the result here."
)
@click.option("--url", envvar=f"{PREFIX}URL", help=f"The service. [default: {PREFIX}URL, else the one that runs here]")
@click.option("--key", envvar=f"{PREFIX}API_KEY", help=f"An API key. [default: {PREFIX}API_KEY, else the first key]")
@with_settings
def submit(
    settings: Settings,
    image: str | None,
    video: str | None,
    audio: str,
    vocal: str | None,
    resolution: str | None,
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
    if vocal and (image or resolution or seed is not None or webhook):
        raise click.UsageError("--vocal goes with --video and --audio alone")
    address = _service(settings, url)
    client = ApiClient(address, Secret(key) if key else first_key(server_secret(settings)))
    placed = {
        name: client.place(media) for name, media in {"image": image, "video": video, "audio": audio}.items() if media
    }
    if vocal:
        sent = client.dub(placed["video"], placed["audio"], client.place(vocal))
    else:
        state: Body = {**placed, **({"resolution": resolution} if resolution else {})}
        sent = client.submit(f"lipsync-{'image' if image else 'video'}", state | _seed(seed), webhook)
    click.echo(sent.reference)
    if wait or output:
        _finish(client, sent, JobProgress(settings, address), output)


def _seed(seed: int | None) -> Body:
    return {} if seed is None else {"seed": seed}


def _service(settings: Settings, url: str | None) -> str:
    if url:
        return url
    running = runfile.read(settings.data_dir)
    return running.url if running else settings.public_url


def _finish(client: ApiClient, sent: Sent, job_progress: JobProgress, output: Path | None) -> None:
    with progress.bars() as bars:
        standing = _wait(client, sent, job_progress, bars)
        if standing.error or not standing.output:
            raise JobFailed(f"the job failed: {standing.error or 'no output'}")
        if output:
            download = bars.add_task("download", total=None)
            client.download(
                standing.output, output, lambda done, all_: bars.update(download, completed=done, total=all_)
            )
    click.echo(output or standing.output)


def _wait(client: ApiClient, sent: Sent, job_progress: JobProgress, bars: Progress) -> Standing:
    task = bars.add_task("waiting", total=None)
    while not (standing := client.standing(sent)).is_over:
        seen = job_progress.look(sent.reference)
        if seen:
            bars.update(task, description=seen.stage, completed=seen.percent, total=100)
        time.sleep(_ASK_EVERY_S)
    bars.update(task, description="done" if standing.output else "failed", completed=100, total=100)
    return standing
