"""Holds the recorded histories of many jobs against today's workflow code, and sums up."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from contracts.errors import Conflict, InternalError, NotFound
from contracts.settings import Settings
from scripts import bulk, connection, replay
from scripts.bulk import Manner, Outcome
from scripts.chosen_jobs import Found
from scripts.replay import ReplayReport


class HistoryParts(InternalError):
    """Code and history are not the same."""


def file(settings: Settings, path: str) -> int:
    """Replay a history's JSON file and print what it showed; returns the exit code."""
    return _told(asyncio.run(replay.replay_file(Path(path), settings.payload_keys)))


def many(settings: Settings, jobs: Sequence[Found], manner: Manner, *, is_named: bool) -> int:
    """Replay the latest run of each job and print what that showed; returns the exit code.

    Raises:
        MouthpieceError: when a single job that was named cannot be replayed.
    """
    with asyncio.Runner() as runner:
        client = runner.run(connection.connect(settings))

        def replayed(found: Found) -> ReplayReport:
            return runner.run(replay.replay_job(client, found.record.job_id))

        def act(found: Found) -> str:
            try:
                report = replayed(found)
            except NotFound as fault:
                # Its retention is over: there is nothing to hold the code against.
                raise Conflict(str(fault)) from fault
            if not report.deterministic:
                raise HistoryParts(_words(report))
            return _words(report)

        if is_named and len(jobs) == 1 and not (manner.as_json or manner.dry_run):
            return _told(replayed(jobs[0]))
        tally = bulk.carry_out("replay", jobs, act, manner, asks=False)
    if not manner.as_json:
        parted = Counter(result.detail for result in tally.results if result.outcome is Outcome.FAILED)
        for words, times in parted.most_common():
            click.echo(f"{times} x {words}")
    return tally.exit_code


def _told(report: ReplayReport) -> int:
    click.echo(_words(report))
    return 0 if report.deterministic else 1


def _words(report: ReplayReport) -> str:
    if report.deterministic:
        return f"deterministic: all {report.events} events replay"
    where = f"at event {report.event_id} of" if report.event_id else "somewhere in"
    return f"not deterministic: code and history part {where} {report.events}: {report.message}"
