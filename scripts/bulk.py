"""Does one thing to many jobs: asks first, keeps a pace, goes on after a fault, and tells what came of each."""

import functools
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Concatenate, ParamSpec, TypeVar

import click

from contracts.errors import Conflict, MouthpieceError, Unavailable
from scripts.chosen_jobs import Found
from scripts.plain import plain

P = ParamSpec("P")
R = TypeVar("R")

#: Jobs named in the question.
_NAMED = 5
#: A service that does not answer is asked again after so long.
_PAUSE_S = 2.0
#: So many jobs in a row that could not be reached: the rest will not be either.
_HOPELESS = 3


class Outcome(StrEnum):
    """What came of one job."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one job, in words, and the fault's code if there was one."""

    found: Found
    outcome: Outcome
    detail: str
    code: str = ""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of all of them; `left` were not come to."""

    verb: str
    chosen: int
    results: list[Result] = field(default_factory=list)
    is_interrupted: bool = False
    is_dry_run: bool = False

    @property
    def left(self) -> int:
        """How many were not come to."""
        return self.chosen - len(self.results)

    def count(self, outcome: Outcome) -> int:
        """How many came out so."""
        return sum(result.outcome is outcome for result in self.results)

    @property
    def exit_code(self) -> int:
        """0 when there is nothing to see to; 130 when it was interrupted."""
        if self.is_interrupted:
            return 130
        return 1 if self.count(Outcome.FAILED) or (self.left and not self.is_dry_run) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to go about it.

    Attributes:
        yes: ask nobody.
        dry_run: only say which jobs it would be.
        as_json: print one JSON document at the end instead of a line for each job.
        per_s: at most so many jobs a second.
    """

    yes: bool = False
    dry_run: bool = False
    as_json: bool = False
    per_s: float = 5.0


def with_manner(command: Callable[Concatenate[Manner, P], R]) -> Callable[P, R]:
    """Give a command its manner as its first argument, and the options that say it."""

    @click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
    @click.option("--dry-run", is_flag=True, help="Only say which jobs it would be.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document at the end.")
    @click.option(
        "--per-second",
        "per_s",
        type=click.FloatRange(0.1, 50),
        default=5,
        show_default=True,
        help="At most so many jobs a second, so that Temporal and the API have time for others.",
    )
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        said = {name: kwargs.pop(name) for name in Manner.__dataclass_fields__}
        return command(Manner(**said), *args, **kwargs)  # type: ignore[arg-type]

    return wrapped


def carry_out(verb: str, jobs: Sequence[Found], act: Callable[[Found], str], manner: Manner, *, asks: bool) -> Tally:
    """Do something to each job, the oldest first.

    Args:
        verb: what is done, for the question and the report ("retry").
        jobs: to which.
        act: does it to one and says what came of it; Conflict means that this one is passed over.
        manner: how to go about it.
        asks: whether a person is to agree first.

    Returns:
        What came of each.

    Raises:
        click.UsageError: when a person is to agree and none is there.
        click.Abort: when they do not.
    """
    tally = Tally(verb=verb, chosen=len(jobs), is_dry_run=manner.dry_run)
    in_order = sorted(jobs, key=lambda found: found.record.number)
    if asks or manner.dry_run:
        _name(verb, in_order, everything=manner.dry_run)
    if jobs and not manner.dry_run:
        if asks and not manner.yes:
            _ask(verb, len(jobs))
        _go_through(tally, in_order, act, manner)
    _report(tally, in_order, as_json=manner.as_json)
    return tally


def _name(verb: str, jobs: Sequence[Found], *, everything: bool) -> None:
    named = jobs if everything else jobs[:_NAMED]
    click.echo(f"{verb}: {len(jobs)} {'job' if len(jobs) == 1 else 'jobs'}", err=True)
    for found in named:
        record = found.record
        error = f"  {record.error.code}: {record.error.message}" if record.error else ""
        click.echo(plain(f"  {record.number}  {record.job_id}  {found.status}  {record.model}{error}"), err=True)
    if len(named) < len(jobs):
        click.echo(f"  ... and {len(jobs) - len(named)} more (--dry-run names all)", err=True)


def _ask(verb: str, count: int) -> None:
    try:
        click.confirm(f"{verb} {'it' if count == 1 else f'these {count}'}?", abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("nobody agreed to it: give --yes where nobody can be asked") from None


def _go_through(tally: Tally, jobs: Sequence[Found], act: Callable[[Found], str], manner: Manner) -> None:
    out_of_reach = 0
    try:
        for found in jobs:
            began = time.monotonic()
            tally.results.append(_one(found, act))
            if not manner.as_json:
                _tell(tally.results[-1])
            out_of_reach = out_of_reach + 1 if tally.results[-1].code == Unavailable.code else 0
            if out_of_reach == _HOPELESS:
                click.echo("the service cannot be reached; the rest is left", err=True)
                return
            if tally.left:
                time.sleep(max(0.0, 1 / manner.per_s - (time.monotonic() - began)))
    except KeyboardInterrupt:
        tally.is_interrupted = True


def _one(found: Found, act: Callable[[Found], str]) -> Result:
    try:
        try:
            detail = act(found)
        except Unavailable:
            time.sleep(_PAUSE_S)
            detail = act(found)
    except MouthpieceError as fault:
        outcome = Outcome.SKIPPED if isinstance(fault, Conflict) else Outcome.FAILED
        return Result(found=found, outcome=outcome, detail=str(fault), code=fault.code)
    return Result(found=found, outcome=Outcome.DONE, detail=detail)


def _tell(result: Result) -> None:
    colour = {Outcome.DONE: "green", Outcome.SKIPPED: "yellow", Outcome.FAILED: "red"}[result.outcome]
    record = result.found.record
    told = plain(f"{record.number:>7}  {record.job_id}  {result.detail}")
    click.echo(f"{click.style(f'{result.outcome:<8}', fg=colour)}{told}")


def _report(tally: Tally, jobs: Sequence[Found], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_document(tally, jobs), indent=2))
        return
    parts = [f"{tally.count(outcome)} {outcome}" for outcome in Outcome]
    left = f", {tally.left} left: the same command does the rest" if tally.left and not tally.is_dry_run else ""
    click.echo(f"{tally.verb}: {tally.chosen} chosen, {', '.join(parts)}{left}")


def _document(tally: Tally, jobs: Sequence[Found]) -> dict[str, object]:
    told = {result.found.record.job_id: result for result in tally.results}
    return {
        "command": tally.verb,
        "dry_run": tally.is_dry_run,
        "chosen": tally.chosen,
        **{str(outcome): tally.count(outcome) for outcome in Outcome},
        "left": tally.left,
        "jobs": [_entry(found, told.get(found.record.job_id)) for found in jobs],
    }


def _entry(found: Found, result: Result | None) -> dict[str, object]:
    said = {"outcome": result.outcome, "detail": result.detail, "code": result.code} if result else {"outcome": "left"}
    return {"id": found.record.job_id, "number": found.record.number, "status": found.status, **said}
