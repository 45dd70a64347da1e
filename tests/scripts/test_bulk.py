"""One thing done to many jobs: asked for, paced, told, and never ended by a single fault."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from contracts.errors import Conflict, InternalError, Unavailable
from scripts import bulk
from scripts.bulk import Manner, Outcome, Tally
from scripts.chosen_jobs import Found
from storage.records import Records
from tests.storage.requests import NOW, a_request

pytestmark = pytest.mark.unit

FAST = Manner(yes=True, per_s=50)


@pytest.fixture
def jobs(tmp_path: Path) -> list[Found]:
    records = Records(tmp_path / "records.db")
    for _ in range(3):
        records.jobs.add(a_request(), NOW)
    found = [Found(record=record) for record in records.jobs.list()]
    records.close()
    return found


def _with(fault: Exception, at: int) -> Callable[[Found], str]:
    def act(found: Found) -> str:
        if found.record.number == at:
            raise fault
        return "well"

    return act


def test_the_oldest_job_comes_first(jobs: list[Found]) -> None:
    tally = bulk.carry_out("retry", jobs, lambda found: "well", FAST, asks=True)

    assert [result.found.record.number for result in tally.results] == [1, 2, 3]
    assert tally.exit_code == 0


@pytest.mark.parametrize(
    ("fault", "outcome", "code"), [(InternalError("no"), Outcome.FAILED, 1), (Conflict("no"), Outcome.SKIPPED, 0)]
)
def test_a_single_fault_does_not_end_it(
    jobs: list[Found], fault: Exception, outcome: Outcome, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = bulk.carry_out("retry", jobs, _with(fault, at=2), FAST, asks=True)

    assert [result.outcome for result in tally.results] == [Outcome.DONE, outcome, Outcome.DONE]
    assert tally.exit_code == code
    assert f"1 {outcome}" in capsys.readouterr().out


def test_a_service_out_of_reach_leaves_the_rest(
    jobs: list[Found], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bulk, "_PAUSE_S", 0)
    monkeypatch.setattr(bulk, "_HOPELESS", 2)

    def act(found: Found) -> str:
        raise Unavailable("away")

    tally = bulk.carry_out("retry", jobs, act, FAST, asks=True)

    assert (tally.count(Outcome.FAILED), tally.left, tally.exit_code) == (2, 1, 1)
    assert "1 left: the same command does the rest" in capsys.readouterr().out


def test_an_interruption_tells_what_is_left(jobs: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    tally = bulk.carry_out(
        "retry", jobs, _with(KeyboardInterrupt(), at=2), Manner(yes=True, as_json=True, per_s=50), asks=True
    )

    told = json.loads(capsys.readouterr().out)
    assert tally.exit_code == 130
    assert (told["done"], told["left"]) == (1, 2)
    assert [job["outcome"] for job in told["jobs"]] == ["done", "left", "left"]


def test_nothing_is_done_where_nobody_agrees(
    jobs: list[Found], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    done: list[Found] = []

    with pytest.raises(click.UsageError, match="--yes"):
        bulk.carry_out("delete", jobs, lambda found: str(done.append(found)), Manner(), asks=True)

    assert done == []
    assert "delete: 3 jobs" in capsys.readouterr().err


def test_a_dry_run_names_all_and_does_nothing(jobs: list[Found], capsys: pytest.CaptureFixture[str]) -> None:
    done: list[Found] = []

    tally = bulk.carry_out("cancel", jobs, lambda found: str(done.append(found)), Manner(dry_run=True), asks=True)

    said = capsys.readouterr()
    assert (done, tally.exit_code) == ([], 0)
    assert all(found.record.job_id in said.err for found in jobs)


def test_the_pace_is_kept(jobs: list[Found], monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("scripts.bulk.time.sleep", rests.append)

    bulk.carry_out("retry", jobs, lambda found: "well", Manner(yes=True, per_s=2), asks=True)

    assert len(rests) == 2
    assert all(0.3 < rest <= 0.5 for rest in rests)


def test_no_job_at_all_is_no_fault() -> None:
    assert bulk.carry_out("retry", [], lambda found: "", FAST, asks=True).exit_code == 0
    assert Tally(verb="retry", chosen=0).left == 0
