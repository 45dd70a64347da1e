import asyncio
from pathlib import Path

import pytest
from temporalio import workflow

from contracts.errors import InvalidRequest
from scripts.capture_histories import FOLDER
from scripts.replay import read_history, replay, replay_file
from tests.workflows.divergent import DivergentJob
from tests.workflows.scenarios import SCENARIOS
from workflows.registry import WORKFLOWS
from workflows.webhook import DeliverWebhook

pytestmark = pytest.mark.unit

HISTORIES = sorted((Path(__file__).resolve().parents[2] / FOLDER).glob("*.json"))


def _workflow_of(path: Path) -> str:
    return read_history(path).events[0].workflow_execution_started_event_attributes.workflow_type.name


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_every_recorded_history_replays_on_todays_code(path: Path) -> None:
    report = asyncio.run(replay_file(path))

    assert (report.deterministic, report.message) == (True, "")


def test_every_registered_workflow_has_recorded_histories() -> None:
    registered = {workflow._Definition.must_from_class(kind).name for kind in WORKFLOWS}

    assert {_workflow_of(path) for path in HISTORIES} == registered


def test_every_scenario_has_a_recorded_history() -> None:
    recorded = {path.stem.rsplit("-v", 1)[0] for path in HISTORIES}

    assert {scenario.name for scenario in SCENARIOS} <= recorded


@pytest.mark.parametrize(
    "path", [path for path in HISTORIES if path.stem.startswith("lipsync-")], ids=lambda path: path.stem
)
def test_a_divergent_twin_fails_on_every_history_and_says_at_which_event(path: Path) -> None:
    report = asyncio.run(replay(read_history(path), (DivergentJob, DeliverWebhook)))

    assert not report.deterministic
    assert report.event_id is not None
    assert report.event_id <= 10
    assert report.message


def test_a_file_that_is_no_history_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_text('{"notes": []}')

    with pytest.raises(InvalidRequest, match="not a recorded history"):
        asyncio.run(replay_file(path))


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_recorded_history_tells_nothing_of_the_machine_it_was_made_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert '"stackTrace": "' not in text.replace('"stackTrace": ""', "")
    assert "@" not in text
    assert "/home/" not in text
