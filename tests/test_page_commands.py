"""Every command of the operators' pages is run by a test, as it stands there."""

import ast
import re
from pathlib import Path

import pytest

from scripts.cli import COMMANDS
from tests.pages import ROOT, block_of, commands, inline

pytestmark = pytest.mark.unit

#: Where `tests.pages.Shell` runs commands.
RUNNERS = (
    *(
        ROOT / "tests" / "e2e" / f"test_operations_{part}.py"
        for part in ("jobs", "service", "updates", "speed", "scale")
    ),
    ROOT / "tests" / "chaos" / "test_commands.py",
    ROOT / "tests" / "e2e" / "test_observability.py",
)
#: Commands that other tests run, and which.
ELSEWHERE = {
    "mouthpiece up": "tests/e2e/test_up.py::test_jobs_and_key_survive_a_restart",
    "/srv/mouthpiece/.venv/bin/mouthpiece up --data /var/lib/mouthpiece": (
        "tests/e2e/test_up.py::test_a_clean_stop_leaves_no_process_and_no_sign_of_running"
    ),
    "mouthpiece worker --processes auto": "tests/scripts/test_worker_group.py",
    "python -m scripts.hosts --jobs 50 --out hosts.json": (
        "tests/chaos/test_hosts.py::test_a_worker_host_that_is_cut_off_loses_no_job_and_changes_no_output"
    ),
    "mouthpiece backup /backups --keep 14": (
        "tests/storage/test_rotation.py::test_a_folder_of_backups_is_added_to_and_kept_short"
    ),
    "mouthpiece doctor --service --json": (
        "tests/scripts/test_doctor_network.py::test_monitoring_gets_a_document_and_a_code"
    ),
    "mouthpiece render": "tests/scripts/test_render.py",
    "python -m scripts.bench_scale": (
        "tests/e2e/test_operations_scale.py::test_none_of_many_jobs_is_lost_and_another_keys_job_does_not_wait_for_them"
    ),
    "scripts/setup": "tests/scripts/test_cli.py::test_setting_up_again_does_nothing",
    "scripts/check": "scripts/test",
    "scripts/test": "scripts/test",
    "python -m scripts.capture_histories 3": (
        "tests/scripts/test_replay.py::test_every_path_has_a_recorded_history_and_every_history_shows_one"
    ),
    "python -m pytest -q tests/scripts/test_replay.py": "tests/scripts/test_replay.py",
    "python -m scripts.fuzz_media": (
        "tests/scripts/test_fuzz_media.py::test_damaged_media_are_read_or_refused_and_never_surprise"
    ),
}


def _run_by(path: Path) -> set[str]:
    """The commands that a test module hands to a shell."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    found: set[str] = set()
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        first = call.args[0] if call.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value in commands():
            found |= {first.value} if name == "run" else set()
            found |= set(block_of(first.value)) if name in {"block", "start"} else set()
    return found


def test_every_command_of_the_pages_is_run_by_a_test() -> None:
    run = set.union(*map(_run_by, RUNNERS)) | set(ELSEWHERE)

    assert sorted(commands() - run) == []


def test_the_pages_have_as_many_commands_as_one_would_think() -> None:
    assert len(commands()) >= 50


@pytest.mark.parametrize(("command", "test"), ELSEWHERE.items())
def test_commands_that_other_tests_run_are_there_and_so_are_the_tests(command: str, test: str) -> None:
    path, _, name = test.partition("::")

    assert command in commands()
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8") or not name


def test_no_command_is_written_without_its_program() -> None:
    groups = "|".join(sorted(COMMANDS))

    assert [code for code in inline() if re.match(rf"({groups}) ", code)] == []
