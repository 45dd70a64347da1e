"""Rules for all tests: each module names its layer, and in CI nothing is skipped for want of a tool."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

# One thread, as a worker has by default: on a busy machine, several that wait for each other take tenfold the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LAYERS = frozenset({"unit", "workflow", "e2e", "chaos", "browser"})
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests of no layer: they would run in none of the layers' runs."""
    unmarked = {item.path for item in items if LAYERS.isdisjoint(mark.name for mark in item.iter_markers())}
    if unmarked:
        names = ", ".join(sorted(map(str, unmarked)))
        raise pytest.UsageError(f"no pytestmark of {', '.join(sorted(LAYERS))} in {names}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn skips into failures in CI: every component has to be there, but for the footage beside the checkout."""
    report = yield
    if _is_refused(report):
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same with modules that skip themselves."""
    report = yield
    if _is_refused(report):
        report.outcome = "failed"
    return report


def _is_refused(report: pytest.TestReport | pytest.CollectReport) -> bool:
    is_excused = not SHARED.is_dir() and "beside this checkout" in str(report.longrepr)
    return report.skipped and bool(os.environ.get("CI")) and not is_excused


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """Real footage, where it lies beside the checkout."""
    media = SHARED / "media"
    if not media.is_dir():
        pytest.skip("no shared folder beside this checkout")
    return media


@pytest.fixture(scope="session")
def parity() -> Path:
    """Layouts of public checkpoints and what their networks answer, where they lie beside the checkout."""
    folder = SHARED / "parity"
    if not folder.is_dir():
        pytest.skip("no shared folder beside this checkout")
    return folder
