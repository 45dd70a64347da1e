from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from contracts.settings import SOFTWARE_ENCODER
from engines.analysis import save_analysis
from engines.base import Analysis
from scripts.bench_gpu import cost, difference, main
from tests.engines.test_analysis import an_analysis
from tests.scripts.speed.talking import talking_task

pytestmark = pytest.mark.unit


def test_the_steps_and_the_share_of_a_gpu_are_measured(tmp_path: Path) -> None:
    numbers = cost(talking_task(tmp_path), "cpu", SOFTWARE_ENCODER)

    assert min(numbers["analyse_fps"], numbers["render_fps"]) > numbers["fps"] > 0
    assert numbers["gpu_share"] == 0


def test_analyses_are_compared_array_by_array(tmp_path: Path) -> None:
    saved = an_analysis()
    tensors = saved.analysis.tensors | {"half": saved.analysis.tensors["half"].astype(np.float16) + np.float16(0.5)}
    save_analysis(saved, tmp_path / "one")
    save_analysis(replace(saved, analysis=Analysis(tensors=tensors)), tmp_path / "other")

    found = difference(tmp_path / "one", tmp_path / "other")

    assert {name for name, greatest in found.items() if greatest} == {"half"}
    assert found["half"] == 0.5


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        return
    voice = tmp_path / "voice"
    voice.write_bytes(b"")
    result = CliRunner().invoke(main, [str(voice), "--voice", str(voice)])

    assert result.exit_code == 1
    assert "no GPU here" in result.output
