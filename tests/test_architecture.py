"""The shape of the sources: small files, boundaries, names that say something."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("contracts", "telemetry", "engines", "storage", "workflows", "activities", "api", "scripts")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 400
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_manager"}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(paths: list[Path]) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=_name)
def test_no_file_is_longer_than_the_cap(path: Path) -> None:
    assert _lines(path) <= LONGEST_FILE, f"{_name(path)}: split it by noun"


def test_the_median_file_is_short() -> None:
    assert statistics.median(_lines(path) for path in SOURCES if path.name != "__init__.py") <= 150


def test_functions_are_short() -> None:
    lengths = sorted((node.end_lineno or 0) - node.lineno + 1 for node in _functions(SOURCES))

    assert statistics.median(lengths) <= 10
    assert lengths[int(len(lengths) * 0.9)] <= 35


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_module_names_say_what_is_inside(path: Path) -> None:
    assert path.stem not in BANNED_NAMES


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is_and_may_not_do(package: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", sorted({path.parent for path in TESTS if path.name.startswith("test_")}), ids=_name)
def test_every_test_folder_is_a_package(folder: Path) -> None:
    assert (folder / "__init__.py").exists(), "without it the folder shadows the package of the same name"


def test_every_source_folder_has_its_tests() -> None:
    assert [package for package in PACKAGES if not list((ROOT / "tests" / package).glob("test_*.py"))] == []


def test_the_api_loads_neither_engines_nor_torch() -> None:
    code = "import sys, api.app; print([m for m in ('torch', 'cv2', 'av', 'engines') if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_no_source_leaves_work_for_later(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert [mark for mark in ("TODO", "FIXME", "XXX", "HACK") if mark in text] == []
