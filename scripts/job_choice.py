"""Which jobs a command is about: the options that choose them, and what was chosen."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

import click

from contracts.jobs import Status

P = ParamSpec("P")
R = TypeVar("R")

_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Moment(click.ParamType[str]):
    """A moment, as long ago ("90s", "15m", "2h", "3d") or as a UTC time in ISO 8601."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Write it as the records do, without the Z: so it sorts before what has a fraction of its second."""
        text = str(value)
        if ago := _AGO.fullmatch(text):
            moment = datetime.now(UTC) - timedelta(seconds=float(ago[1]) * _SECONDS[ago[2]])
        else:
            moment = self._read(text, param, ctx)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def _read(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is neither as long ago (90s, 15m, 2h, 3d) nor a time (2026-01-02T03:04)", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What jobs must be like to be chosen; what is empty does not matter.

    Attributes:
        states: any of these.
        key_id, engine, model, error_code, batch_id: exactly this.
        since: the first moment that counts: of the job's end, or of its submission while it has none.
        until: the first such moment that no longer counts.
        query: a list filter of Temporal's, which the job's latest run has to match as well.
        limit: at most so many; 0: all.
    """

    states: frozenset[Status] = frozenset()
    key_id: str = ""
    engine: str = ""
    model: str = ""
    error_code: str = ""
    batch_id: str = ""
    since: str = ""
    until: str = ""
    query: str = ""
    limit: int = 0

    @property
    def is_made(self) -> bool:
        """Whether anything narrows the jobs down; how many there may be does not."""
        rest = (self.key_id, self.engine, self.model, self.error_code, self.batch_id, self.since, self.until)
        return bool(self.states or self.query or any(rest))


_OPTIONS = (
    click.option(
        "--state",
        "--status",
        "states",
        multiple=True,
        type=click.Choice([status.value for status in Status]),
        help="Only jobs in this state; may be given several times.",
    ),
    click.option("--key", "key_id", default="", help="Only jobs of the API key with this id."),
    click.option("--engine", default="", help="Only jobs of this engine."),
    click.option("--model", default="", help="Only jobs of this model, as lipsync.studio names them."),
    click.option("--error-code", default="", help="Only jobs that failed with this code: unavailable, no_face."),
    click.option("--batch", "batch_id", default="", help="Only jobs of the batch with this id."),
    click.option("--since", type=Moment(), help="Only jobs that ended, or else were submitted, then or later: 2h."),
    click.option("--until", type=Moment(), help="Only jobs that ended, or else were submitted, before."),
    click.option(
        "--query",
        default="",
        metavar="FILTER",
        help="Only jobs whose latest run matches this list filter of Temporal's.",
    ),
)


def with_choice(limit: int) -> Callable[[Callable[Concatenate[Choice, P], R]], Callable[P, R]]:
    """Give a command a choice of jobs as its first argument, and the options that make it; `limit` 0 is all."""

    def decorate(command: Callable[Concatenate[Choice, P], R]) -> Callable[P, R]:
        @functools.wraps(command)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            taken = {name: kwargs.pop(name) for name in Choice.__dataclass_fields__}
            taken["states"] = frozenset(map(Status, taken["states"]))  # type: ignore[call-overload]
            given = {name: value for name, value in taken.items() if value is not None}
            return command(Choice(**given), *args, **kwargs)  # type: ignore[arg-type]

        least = click.IntRange(1)
        bounded = click.option("--limit", type=least, default=limit or None, show_default=True, help="At most so many.")
        return functools.reduce(lambda made, option: option(made), (bounded, *reversed(_OPTIONS)), wrapped)

    return decorate
