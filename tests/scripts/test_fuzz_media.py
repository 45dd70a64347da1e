from pathlib import Path

import pytest

from scripts.fuzz_media import damaged, fuzz, originals

pytestmark = pytest.mark.unit

#: A few of each kind; `python -m scripts.fuzz_media` tries many more.
CASES = 280


def test_damaged_media_are_read_or_refused_and_never_surprise(tmp_path: Path) -> None:
    counts, findings = fuzz(0, CASES, tmp_path)

    assert not findings
    assert counts.total() == CASES
    assert counts["refused"] > CASES / 20
    assert counts["read"] > CASES / 20


@pytest.mark.parametrize("case", [1947, 5293, 5517, 7124, 12163])
def test_what_once_surprised_does_so_no_more(case: int) -> None:
    _, findings = fuzz(case, 1)

    assert not findings


def test_a_number_always_makes_the_same_file() -> None:
    files = originals()

    assert damaged(77, files) == damaged(77, files)
    assert len({damaged(case, files) for case in range(50)}) == 50
