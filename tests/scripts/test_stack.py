from pathlib import Path

import pytest
import yaml

from contracts.steps import Queue
from scripts.stack import DEFAULT, StackError, read

pytestmark = pytest.mark.unit


def _changed(tmp_path: Path, **sections: object) -> Path:
    entries = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    for section, change in sections.items():
        entries[section] = {**entries[section], **change} if isinstance(change, dict) else change
    path = tmp_path / "stack.yaml"
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return path


def test_the_description_that_comes_with_the_sources_is_sound() -> None:
    stack = read(DEFAULT)

    assert {queue for worker in stack.workers for queue in worker.queues} == set(Queue)
    assert stack.server.pragmas == {"journal_mode": "wal", "synchronous": "full"}


def test_a_queue_that_no_worker_polls_is_a_fault(tmp_path: Path) -> None:
    path = _changed(tmp_path, workers=[{"name": "all", "queues": ["gpu", "flow", "io"], "processes": 1}])

    with pytest.raises(StackError, match="no worker polls control"):
        read(path)


def test_jobs_cannot_be_kept_for_no_time(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"server.retention: Must be hours"):
        read(_changed(tmp_path, server={"retention": "0h"}))


def test_two_workers_of_one_name_are_a_fault(tmp_path: Path) -> None:
    worker = {"name": "all", "queues": ["gpu", "flow", "io", "control", "notify"], "processes": 1}

    with pytest.raises(StackError, match="each name may stand once"):
        read(_changed(tmp_path, workers=[worker, worker]))


def test_every_wrong_entry_is_told_with_its_place(tmp_path: Path) -> None:
    path = _changed(tmp_path, server={"port": "many", "colour": "red"}, api={"threads": 0})

    with pytest.raises(StackError) as fault:
        read(path)

    told = str(fault.value)
    assert "server.port: Not a valid integer." in told
    assert "server.colour: Unknown field." in told
    assert "api.threads:" in told


@pytest.mark.parametrize(("text", "told"), [("server: [", "not YAML"), ("", "server: Missing data")])
def test_a_file_that_is_no_description_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(StackError, match=told):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="No such file"):
        read(tmp_path / "none.yaml")
