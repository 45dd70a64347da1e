"""`mouthpiece render`: an engine alone, without a server."""

from pathlib import Path

import click

from contracts.jobs import FaceChoice, FacePoint, OutputOptions, SyncMode
from contracts.timings import idle_language
from scripts import progress
from scripts.options import Mp4File, read_settings
from scripts.timings_file import read_file, with_sync

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--image", type=_file, help="Portrait to make speak.")
@click.option("--video", type=_file, help="Video to give another voice.")
@click.option("--audio", type=_file, required=True, help="The speech.")
@click.option("--vocal", type=_file, help="Another track that drives the lips, when AUDIO is more than the voice.")
@click.option(
    "--right-vocal", type=_file, help="What drives the right one of two faces; VOCAL then drives the left one."
)
@with_sync
@click.option("--right-timings", type=_file, help="What RIGHT_VOCAL says when; TIMINGS are then the left face's.")
@click.option("--mask", type=_file, help="Picture whose dark parts must not change.")
@click.option("--prompt", default="", help="Style of speaking in words, such as: calm, loud, happy.")
@click.option("--enhance", is_flag=True, help="Make the face clearer.")
@click.option("--engine", help="Which engine. [default: the setting]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--resolution", type=click.Choice(["480p", "720p"]), help="Largest shorter side. [default: the source's]")
@click.option("-o", "--output", type=Mp4File(), required=True)
def render(
    image: Path | None,
    video: Path | None,
    audio: Path,
    vocal: Path | None,
    right_vocal: Path | None,
    sync_mode: str,
    sync_offset: int,
    timings: Path | None,
    language: str,
    face: FaceChoice | FacePoint,
    right_timings: Path | None,
    mask: Path | None,
    prompt: str,
    enhance: bool,
    engine: str | None,
    seed: int,
    resolution: str | None,
    output: Path,
) -> None:
    """Render one file with an engine, here and now."""
    source = _source(image, video)
    if right_timings and not right_vocal:
        raise click.UsageError("--right-timings goes with --right-vocal")
    from scripts.render import render_file

    settings = read_settings()
    said, right_said = read_file(timings, language), read_file(right_timings, language, "--right-timings")
    with progress.bars() as bars:
        plan = render_file(
            source,
            audio,
            output,
            engine=engine or settings.engine,
            vocal=vocal,
            right_vocal=right_vocal,
            mask=mask,
            timings=said,
            right_timings=right_said,
            face=face,
            prompt=prompt,
            seed=seed,
            options=OutputOptions(
                short_side_px=int(resolution.removesuffix("p")) if resolution else 0,
                enhance=enhance,
                sync_mode=SyncMode(sync_mode),
                sync_offset_ms=sync_offset,
            ),
            settings=settings,
            progress=progress.Stages(bars),
        )
    idle = idle_language(language, *(each.entries for each in (said, right_said) if each))
    for warning in idle + plan.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{output}: {plan.width}x{plan.height}, {plan.frames} frames, {plan.duration_s:.2f} s", err=True)


def _source(image: Path | None, video: Path | None) -> Path:
    """The one that was given, if it is what it was given as."""
    source = image or video
    if source is None or (image and video):
        raise click.UsageError("give one of --image and --video")
    from scripts.render import is_still

    if image and not is_still(source):
        raise click.UsageError(f"--image: {source} is no PNG, JPEG or WebP picture")
    if video and is_still(source):
        raise click.UsageError(f"--video: {source} is a picture; give it with --image")
    return source
