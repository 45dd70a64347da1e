import asyncio
import hashlib
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType

from contracts.errors import InvalidRequest
from scripts.capture_histories import FOLDER, SUMS
from scripts.replay import read_history, replay, replay_file
from tests.workflows.divergent import DivergentJob, UnpatchedJob
from tests.workflows.scenarios import SCENARIOS
from workflows.registry import WORKFLOWS
from workflows.webhook import DeliverWebhook

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
HISTORIES = sorted((ROOT / FOLDER).glob("*.json"))


#: What a job can come to, and the history that shows it.
PATHS = {
    "done": "lipsync-completed",
    "done, with a webhook": "lipsync-completed_with_webhook",
    "done, with a script": "lipsync-spoken",
    "done, with two voices": "lipsync-two_voices",
    "done after a fault that passed": "lipsync-transient_then_ok",
    "input error": "lipsync-input_error",
    "failed in a segment": "lipsync-segment_failed",
    "cancelled": "lipsync-cancelled",
    "running": "lipsync-running",
    "retried by hand": "lipsync-retried",
    "analysed again for a newer release": "lipsync-analysed_again",
    "failed by the release that could not": "lipsync-not_analysed_again",
    "webhook delivered": "webhook-delivered",
    "webhook exhausted": "webhook-exhausted",
    "webhook refused": "webhook-refused",
    "webhook waiting": "webhook-running",
    "test event": "webhook-probed",
    "inspected": "inspect-completed",
    "inspection refused": "inspect-refused",
    "inspection cancelled": "inspect-cancelled",
    "inspection running": "inspect-running",
    "retention": "retention-completed",
    "retention running": "retention-running",
}

_COMPLETED, _FAILED, _CANCELLED, _RUNNING = "completed", "failed", "canceled", "running"
#: The ends that runs of each workflow can have.
ENDS = {
    "LipsyncJob": {_COMPLETED, _FAILED, _CANCELLED, _RUNNING},
    "DeliverWebhook": {_COMPLETED, _FAILED, _RUNNING},
    "ProbeEndpoint": {_COMPLETED},
    "InspectMedia": {_COMPLETED, _FAILED, _CANCELLED, _RUNNING},
    "Retention": {_COMPLETED, _RUNNING},
}


def _workflow_of(path: Path) -> str:
    return read_history(path).events[0].workflow_execution_started_event_attributes.workflow_type.name


def _end_of(path: Path) -> str:
    last = EventType.Name(read_history(path).events[-1].event_type).lower()
    prefix = "event_type_workflow_execution_"
    return last.removeprefix(prefix) if last.startswith(prefix) else _RUNNING


def _scenario_of(path: Path) -> str:
    return path.stem.rsplit("-v", 1)[0]


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_every_recorded_history_replays_on_todays_code(path: Path) -> None:
    report = asyncio.run(replay_file(path))

    assert (report.deterministic, report.message) == (True, "")


def test_every_registered_workflow_has_recorded_histories() -> None:
    registered = {workflow._Definition.must_from_class(kind).name for kind in WORKFLOWS}

    assert {_workflow_of(path) for path in HISTORIES} == registered == set(ENDS)


def test_every_path_has_a_recorded_history_and_every_history_shows_one() -> None:
    assert {_scenario_of(path) for path in HISTORIES} == set(PATHS.values())
    assert {scenario.name for scenario in SCENARIOS} == set(PATHS.values())


@pytest.mark.parametrize(("name", "ends"), ENDS.items())
def test_every_end_of_every_workflow_is_recorded(name: str, ends: set[str]) -> None:
    assert {_end_of(path) for path in HISTORIES if _workflow_of(path) == name} == ends


def test_a_recorded_history_is_never_recorded_anew() -> None:
    lines = (ROOT / FOLDER / SUMS).read_text(encoding="ascii").splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}

    assert len(sums) == len(lines)
    assert sums == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in HISTORIES}


@pytest.mark.parametrize("scenario", ["lipsync-analysed_again", "lipsync-not_analysed_again"])
def test_without_its_patch_todays_code_parts_from_what_the_patch_is_for(scenario: str) -> None:
    found = [path for path in HISTORIES if _scenario_of(path) == scenario]

    assert found
    for path in found:
        assert not asyncio.run(replay(read_history(path), (UnpatchedJob, DeliverWebhook))).deterministic


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
