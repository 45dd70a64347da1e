"""scripts/chromium: the browser that the browser tests run in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder for PATH with what the script itself needs, and without a browser and a package manager."""
    for tool in ("sh", "dirname", "mktemp", "rm", "id", "tail"):
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    return tmp_path


def _run(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "scripts/chromium"], cwd=environ.pop("cwd", ROOT), env=environ, capture_output=True, text=True
    )


def test_the_one_that_is_named_is_taken(bare_path: Path) -> None:
    ran = _run(PATH=str(bare_path), CHROMIUM=str(bare_path / "sh"))

    assert (ran.returncode, ran.stdout.strip()) == (0, str(bare_path / "sh"))


def test_one_that_is_named_and_is_none_is_refused_with_a_remedy(bare_path: Path) -> None:
    ran = _run(PATH=str(bare_path), CHROMIUM="/nowhere/chromium")

    assert ran.returncode == 1
    assert "/nowhere/chromium" in ran.stderr
    assert "set it to" in ran.stderr


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_one_on_path_is_taken(bare_path: Path, name: str) -> None:
    (bare_path / name).symlink_to("/bin/sh")

    ran = _run(PATH=str(bare_path))

    assert (ran.returncode, ran.stdout.strip()) == (0, str(bare_path / name))


def test_where_none_can_be_had_it_fails_with_a_remedy(
    bare_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "chromium", checkout / "scripts")

    ran = _run(PATH=str(bare_path), cwd=str(checkout), HOME=os.devnull)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert "apt-get install chromium" in ran.stderr
    assert "CHROMIUM=" in ran.stderr
