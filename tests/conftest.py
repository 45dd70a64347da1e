"""Rules for all tests: each module says which layer it belongs to, and in CI nothing is skipped for want of a tool."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

LAYERS = frozenset({"unit", "workflow", "e2e"})
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
#: The one reason to skip that holds in CI too.
NO_SHARED = "no shared folder beside this checkout"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests of no layer: they would run in none of the layers' runs."""
    unmarked = {item.path for item in items if LAYERS.isdisjoint(mark.name for mark in item.iter_markers())}
    if unmarked:
        names = ", ".join(sorted(map(str, unmarked)))
        raise pytest.UsageError(f"no pytestmark of {', '.join(sorted(LAYERS))} in {names}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn skips into failures in CI, where every component has to be there."""
    report = yield
    if report.skipped and os.environ.get("CI") and NO_SHARED not in str(report.longrepr):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """Real footage, where it lies beside the checkout."""
    media = SHARED / "media"
    if not media.is_dir():
        pytest.skip(NO_SHARED)
    return media
