"""The rule that nothing is skipped in CI, held against every way to skip."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

CONFTEST = Path(__file__).with_name("conftest.py")

BY_MARK = """
@pytest.mark.skipif(True, reason="{reason}")
def test_it() -> None: ...
"""
BY_FIXTURE = """
@pytest.fixture(scope="module")
def tool() -> None:
    pytest.skip("{reason}")

def test_it(tool: None) -> None: ...
"""
BY_CALL = """
def test_it() -> None:
    pytest.skip("{reason}")
"""
BY_MODULE = """
pytest.skip("{reason}", allow_module_level=True)

def test_it() -> None: ...
"""
BY_IMPORT = """
pytest.importorskip("no_such_module", reason="{reason}")

def test_it() -> None: ...
"""
BY_NOTHING_TO_TRY = """
@pytest.mark.parametrize("case", [], ids=["{reason}"][:0])
def test_it(case: str) -> None: ...
"""
WAYS = {
    "mark": BY_MARK,
    "fixture": BY_FIXTURE,
    "call": BY_CALL,
    "module": BY_MODULE,
    "import": BY_IMPORT,
    "nothing to try": BY_NOTHING_TO_TRY,
}
NO_TOOL, NO_MEDIA = "no such tool", "no real media beside this checkout"


def _run(folder: Path, way: str, reason: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    """Run one test that is skipped this way in a checkout of its own, under the rules of this one."""
    tests = folder / "checkout" / "tests"
    tests.mkdir(parents=True)
    shutil.copy(CONFTEST, tests)
    text = "import pytest\n\npytestmark = pytest.mark.unit\n" + WAYS[way].format(reason=reason)
    (tests / "test_one.py").write_text(text, encoding="utf-8")
    (tests.parent / "pytest.ini").write_text("[pytest]\nmarkers = unit\n", encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:hypothesispytest", "tests"],
        cwd=tests.parent,
        env={name: value for name, value in os.environ.items() if name != "CI"} | ({"CI": ci} if ci else {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("way", WAYS)
def test_what_is_skipped_for_want_of_a_tool_fails_in_ci(tmp_path: Path, way: str) -> None:
    ran = _run(tmp_path, way, NO_TOOL, ci="true")

    assert ran.returncode in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED), ran.stdout + ran.stderr
    assert "1 skipped" not in ran.stdout


@pytest.mark.parametrize("way", [way for way in WAYS if way != "nothing to try"])
def test_want_of_the_footage_beside_the_checkout_is_excused_in_ci(tmp_path: Path, way: str) -> None:
    ran = _run(tmp_path, way, NO_MEDIA, ci="true")

    assert "1 skipped" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize("way", WAYS)
def test_where_the_footage_is_there_nothing_is_excused(tmp_path: Path, way: str) -> None:
    (tmp_path / "shared").mkdir()

    ran = _run(tmp_path, way, NO_MEDIA, ci="true")

    assert "1 skipped" not in ran.stdout
    assert ran.returncode in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED), ran.stdout + ran.stderr


def test_elsewhere_what_is_missing_may_be_skipped(tmp_path: Path) -> None:
    ran = _run(tmp_path, "fixture", NO_TOOL, ci="")

    assert "1 skipped" in ran.stdout, ran.stdout + ran.stderr
