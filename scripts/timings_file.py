"""The options that say how picture and sound are fitted, and files of timings, for the commands that make videos."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from contracts.errors import InvalidRequest
from contracts.jobs import FaceChoice, SyncMode, TimedText, Timings
from contracts.timings import EXPECTED, LANGUAGE_PATTERN, needs_language, read_entries
from scripts.face_option import FaceOption

P = ParamSpec("P")
R = TypeVar("R")

_MOST_OFFSET_MS = 1000
_file = click.Path(path_type=Path, exists=True, dir_okay=False)


def _language(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value and not re.match(LANGUAGE_PATTERN, value):
        raise click.BadParameter(f"{value} is no language tag, such as en-US")
    return value


def with_sync(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--sync-mode`, `--sync-offset`, `--timings`, `--language` and `--face`."""
    for option in reversed(
        (
            click.option(
                "--sync-mode",
                type=click.Choice([mode.value for mode in SyncMode]),
                default=SyncMode.BOUNCE.value,
                show_default=True,
                help="What a video that is shorter than the sound does: go back and forth, begin again, or stand still"
                " on its last frame.",
            ),
            click.option(
                "--sync-offset",
                type=click.IntRange(-_MOST_OFFSET_MS, _MOST_OFFSET_MS),
                default=0,
                show_default=True,
                metavar="MILLISECONDS",
                help="Move the lips so much later than the sound; earlier when negative.",
            ),
            click.option(
                "--timings",
                type=_file,
                help='What the speech says when, as JSON: [{"text": "hello", "start": 0.52, "end": 0.9}, ...], or'
                ' "phones" in IPA in place of "text".',
            ),
            click.option("--language", default="", callback=_language, help="Language of the words in TIMINGS: en-US."),
            click.option(
                "--face",
                type=FaceOption(),
                default=FaceChoice.ACTIVE.value,
                show_default=True,
                help="Which of several faces speaks: who is seen speaking, the largest, by the viewer's side, or where"
                " X and Y, fractions of the source's width and height, point at so many seconds.",
            ),
        )
    ):
        command = option(command)
    return command


def read_file(path: Path | None, language: str, option: str = "--timings") -> Timings | None:
    """Read and check a file of timings; None without one.

    Raises:
        InvalidRequest: when it holds something else; its field is the option and the way to the fault.
    """
    if path is None:
        return None
    entries = _entries(path, option)
    if needs_language(entries) and not language:
        raise InvalidRequest(f"{path} holds words", field="--language", remedy="Say which language they are in: en-US.")
    return Timings(field=option, entries=entries, language=language)


def rows_of(timings: Timings) -> list[dict[str, object]]:
    """Timings as requests have them."""
    return [_row(entry) for entry in timings.entries]


def _row(entry: TimedText) -> dict[str, object]:
    said = {"text": entry.text} if entry.text else {"phones": entry.phones}
    return {**said, "start": entry.start_s, "end": entry.end_s}


def _entries(path: Path, option: str) -> tuple[TimedText, ...]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise InvalidRequest(
            f"{path} is not JSON: {fault}", field=option, remedy=f"Expected: a list of {EXPECTED}"
        ) from fault
    try:
        return read_entries(rows)
    except InvalidRequest as fault:
        fault.field = f"{option}.{fault.field}".rstrip(".")
        raise
