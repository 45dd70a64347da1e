"""How an operator says which jobs are meant."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from contracts.jobs import Status
from contracts.settings import Settings
from scripts import chosen_jobs
from scripts.cli import cli
from scripts.job_choice import Choice, Moment
from storage.records import Records
from tests.storage.requests import a_failure, a_request, a_success

pytestmark = pytest.mark.unit

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-01-02T03:04", "2026-01-02T03:04:00"),
        ("2026-01-02", "2026-01-02T00:00:00"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
    ],
)
def test_a_time_is_read_as_utc(text: str, written: str) -> None:
    assert Moment().convert(text, None, None) == written


@pytest.mark.parametrize(("text", "ago_s"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1.5h", 5400), ("3d", 259_200)])
def test_a_time_may_be_given_as_long_ago(text: str, ago_s: int) -> None:
    found = datetime.fromisoformat(Moment().convert(text, None, None)).replace(tzinfo=UTC)

    assert abs(datetime.now(UTC) - timedelta(seconds=ago_s) - found) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["yesterday", "2", "2w", "-3h"])
def test_another_text_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="15m"):
        Moment().convert(text, None, None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of records with a job that failed, one that succeeded and one that waits, in this order."""
    records = Records(tmp_path / "records.db")
    failed, done, waiting = a_request("aaaaaaaa"), a_request("bbbbbbbb"), a_request("aaaaaaaa")
    for request, at in ((failed, EARLY), (done, EARLY), (waiting, LATE)):
        records.jobs.add(request, at)
    records.jobs.settle(a_failure(failed), credits=0)
    records.jobs.settle(a_success(done), credits=1)
    records.close()
    return Settings(data_dir=tmp_path)


def _numbers(settings: Settings, choice: Choice) -> list[int]:
    records = Records(settings.data_dir / "records.db")
    found = chosen_jobs.find(settings, records, choice)
    records.close()
    return [each.record.number for each in found]


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (Choice(), [3, 2, 1]),
        (Choice(limit=2), [3, 2]),
        (Choice(states=frozenset({Status.FAILED})), [1]),
        (Choice(states=frozenset({Status.FAILED, Status.SUCCEEDED})), [2, 1]),
        (Choice(states=frozenset({Status.QUEUED, Status.RUNNING})), [3]),
        (Choice(key_id="aaaaaaaa"), [3, 1]),
        (Choice(engine="articulate"), [3, 2, 1]),
        (Choice(engine="other"), []),
        (Choice(error_code="no_face"), [1]),
        (Choice(error_code="unavailable"), []),
        (Choice(model="other"), []),
        (Choice(batch_id="other"), []),
        (Choice(since="2026-01-02T00:00:00", states=frozenset({Status.QUEUED, Status.RUNNING})), [3]),
        (Choice(until="2026-01-02T00:00:00", states=frozenset({Status.QUEUED, Status.RUNNING})), []),
    ],
)
def test_a_choice_means_those_that_are_as_it_says(settings: Settings, choice: Choice, numbers: list[int]) -> None:
    assert _numbers(settings, choice) == numbers


def test_a_list_is_there_for_programs(settings: Settings) -> None:
    answer = CliRunner().invoke(cli, ["jobs", "list", "--state", "failed", "--json", "--data", str(settings.data_dir)])

    (job,) = json.loads(answer.stdout)
    assert (job["number"], job["status"], job["error"]["code"]) == (1, "failed", "no_face")


@pytest.mark.parametrize("words", [("retry",), ("retry", "1", "--state", "failed"), ("delete", "--limit", "3")])
def test_jobs_are_either_named_or_chosen(settings: Settings, words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(cli, ["jobs", *words, "--data", str(settings.data_dir)])

    assert answer.exit_code == 2
    assert "name jobs, or choose them" in answer.stderr


def test_a_state_that_cannot_be_is_told(settings: Settings) -> None:
    answer = CliRunner().invoke(cli, ["jobs", "cancel", "--state", "failed", "--data", str(settings.data_dir)])

    assert "this is for jobs that are queued or running" in answer.stderr
