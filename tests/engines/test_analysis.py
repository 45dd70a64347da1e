import errno
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from contracts.errors import EngineFault
from engines.analysis import SavedAnalysis, load_analysis, save_analysis
from engines.base import Analysis, Timeline

pytestmark = pytest.mark.unit


def an_analysis() -> SavedAnalysis:
    timeline = Timeline(
        fps=Fraction(30000, 1001),
        source_fps=Fraction(25, 2),
        width=96,
        height=64,
        source_index=np.array([0, 1, 2, 1], np.int32),
        is_portrait=False,
    )
    grid = np.arange(24, dtype=np.float32).reshape(4, 6)
    tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "turned": grid.T,
        "half": grid.astype(np.float16),
        "mask": np.array([True, False]),
        "nothing": np.zeros((0, 3), np.int64),
        "timeline.source_index": np.array([9], np.int32),
    }
    return SavedAnalysis(timeline=timeline, analysis=Analysis(tensors=tensors, warnings=("a “warning”",)))


def test_a_full_disk_is_told_as_such() -> None:
    with pytest.raises(OSError, match="No space left on device") as caught:
        save_analysis(an_analysis(), Path("/dev/full"))

    assert caught.value.errno == errno.ENOSPC


def test_an_analysis_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = an_analysis()
    save_analysis(saved, tmp_path / "analysis")

    loaded = load_analysis(tmp_path / "analysis")

    before, after = saved.timeline, loaded.timeline
    assert (after.fps, after.width, after.height, after.is_portrait) == (Fraction(30000, 1001), 96, 64, False)
    assert after.source_fps == Fraction(25, 2)
    assert after.source_index.dtype == np.int32
    assert np.array_equal(after.source_index, before.source_index)
    assert loaded.analysis.warnings == ("a “warning”",)
    assert set(loaded.analysis.tensors) == set(saved.analysis.tensors)
    for name, value in saved.analysis.tensors.items():
        assert loaded.analysis.tensors[name].dtype == value.dtype
        assert np.array_equal(loaded.analysis.tensors[name], value)


def test_the_encoder_of_a_job_travels_with_its_analysis(tmp_path: Path) -> None:
    save_analysis(replace(an_analysis(), encoder="h264_nvenc"), tmp_path / "analysis")

    assert load_analysis(tmp_path / "analysis").encoder == "h264_nvenc"


def test_the_same_analysis_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_analysis(an_analysis(), tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("content", [b"", b"not an analysis at all", bytes(200)])
def test_a_file_of_something_else_is_no_analysis(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "analysis"
    path.write_bytes(content)

    with pytest.raises(EngineFault, match=r"^not an analysis: analysis$"):
        load_analysis(path)


def test_an_analysis_cut_short_is_none(tmp_path: Path) -> None:
    path = tmp_path / "analysis"
    save_analysis(an_analysis(), path)
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(EngineFault):
        load_analysis(path)


@pytest.mark.parametrize("metadata", [None, {"other": "1"}, {"plan": "no json"}, {"plan": "{}"}])
def test_arrays_without_a_plan_are_no_analysis(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "analysis"
    save_file({"timeline.source_index": np.zeros(2, np.int32)}, path, metadata=metadata)

    with pytest.raises(EngineFault):
        load_analysis(path)


def test_a_mask_comes_back_and_is_not_the_engines(tmp_path: Path) -> None:
    mask = np.arange(96 * 64, dtype=np.uint8).reshape(64, 96)
    save_analysis(replace(an_analysis(), mask=mask), tmp_path / "analysis")

    loaded = load_analysis(tmp_path / "analysis")

    assert loaded.mask is not None
    assert np.array_equal(loaded.mask, mask)
    assert loaded.analysis.tensors["mask"].dtype == bool


def test_without_a_mask_there_is_none(tmp_path: Path) -> None:
    save_analysis(an_analysis(), tmp_path / "analysis")

    assert load_analysis(tmp_path / "analysis").mask is None
