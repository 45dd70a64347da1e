"""docs/security.md names, for each threat, the tests that try it: they are there, and what they try is described."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from activities.fetching import MAX_REDIRECTS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
#: A threat whose answer has no test of its own.
UNTESTED = "—"


def _rows() -> list[tuple[str, str]]:
    """Each threat, and its cell of tests."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| Threat", "| ---"))]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert all(len(row) == 3 for row in cells)
    return [(row[0], row[2]) for row in cells]


@cache
def _tests_of(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("threat", "tests"), _rows())
def test_every_threat_names_tests_that_exist(threat: str, tests: str) -> None:
    named = re.findall(r"`([^`]+)`", tests)

    assert named or tests == UNTESTED, threat
    for each in named:
        path, _, name = each.partition("::")
        assert (ROOT / path).is_file(), each
        assert not name or name in _tests_of(ROOT / path), each


def test_the_checks_that_it_names_are_steps_of_the_check() -> None:
    steps = re.findall(r"^step (\w+)", (ROOT / "scripts" / "check").read_text(), re.MULTILINE)
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]

    assert {"risks", "secrets", "dependencies"} <= set(steps)
    assert {"bandit", "detect-secrets", "pip-audit"} <= {re.split("[>=]", tool)[0] for tool in tools}


def test_the_number_of_redirects_is_the_one_in_force() -> None:
    assert MAX_REDIRECTS == 3
    assert "At most three are followed" in PAGE


def test_the_units_settings_are_each_there_once() -> None:
    unit = PAGE[PAGE.index("```ini") :].split("```")[1].removeprefix("ini\n")
    names = [line.partition("=")[0] for line in unit.splitlines() if "=" in line]

    assert len(names) == len(set(names)) >= 20
