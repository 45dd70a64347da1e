"""`mouthpiece engines`: which engines there are, what they may be used for, and what they lack."""

import click

from contracts.engines import Capabilities, EngineState
from contracts.settings import Settings
from scripts import table
from scripts.options import with_settings


@click.command()
@click.argument("name", required=False)
@with_settings
def engines(settings: Settings, name: str | None) -> None:
    """List the installed engines; of NAME tell all, look at its files and load it."""
    # Imported late: engines bring torch.
    from scripts import installed_engines

    if name:
        _tell(name, settings)
        return
    states = installed_engines.all_states(settings)
    rows = [_row(state, settings) for state in states]
    click.echo("\n".join(table.lines(("NAME", "STATE", "TAKES", "LICENCE", "SUMMARY"), rows)))
    for state in states:
        if state.fault:
            click.echo(f"\n{state.name}: {state.fault}\n  {state.remedy}".rstrip())


def _row(state: EngineState, settings: Settings) -> tuple[str, ...]:
    stands = "not ready" if state.fault else "default" if state.name == settings.engine else "ready"
    if state.info is None:
        return state.name, stands, "", "", ""
    return state.name, stands, _takes(state.info.capabilities), state.info.licence, state.info.summary


def _takes(able: Capabilities) -> str:
    return " ".join(kind for kind, is_able in (("portrait", able.portrait), ("video", able.video)) if is_able)


def _tell(name: str, settings: Settings) -> None:
    from scripts import installed_engines

    state = installed_engines.tried(name, settings)
    if state.info:
        info = state.info
        able = [word.replace("_", " ") for word in Capabilities.__slots__ if getattr(info.capabilities, word)]
        rows = [
            ("does", info.summary),
            ("licence", info.licence),
            ("notice", info.notice),
            ("able", ", ".join(able)),
            ("GPU memory", f"{info.vram_bytes / (1 << 30):.1f} GiB" if info.vram_bytes else ""),
            ("folder", str(settings.models_dir / name) if info.needs else ""),
        ]
        click.echo("\n".join(f"{title:11}{text}" for title, text in rows if text))
    for file in installed_engines.files(state, settings):
        click.echo(f"\n{file.need}\n  {file.path or 'no file'}: {file.said}")
        click.echo(f"  licence: {file.need.licence}\n  from: {file.need.source}")
    if state.fault:
        raise click.ClickException(f"{state.fault}\n{state.remedy}".rstrip())
    click.echo("\nloads: ready")
