import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.settings import environment
from engines.voices.network import NetworkFault, open_session, run, with_output
from tests.engines.voices.tiny_piper import write_piper

pytestmark = pytest.mark.unit

FEEDS: dict[str, NDArray[np.generic]] = {
    "input": np.array([[1, 2, 3]], np.int64),
    "input_lengths": np.array([3], np.int64),
    "scales": np.zeros(3, np.float32),
}


def test_an_inner_result_becomes_an_output(tmp_path: Path) -> None:
    session = open_session(with_output(write_piper(tmp_path).read_bytes(), "/Ceil_output_0"), 1)

    sound, frames = run(session, ("output", "/Ceil_output_0"), FEEDS, lambda fraction: None, 0.0)

    assert sound.shape == (1, 1, 1, 3 * 512)
    np.testing.assert_array_equal(frames, [[2.0, 2.0, 2.0]])


def test_an_inner_result_with_a_long_name_is_looked_for_too(tmp_path: Path) -> None:
    with pytest.raises(NetworkFault, match="n" * 200):
        open_session(with_output(write_piper(tmp_path).read_bytes(), "n" * 200), 1)


def test_nothing_is_reported_to_the_maker_of_the_runtime(tmp_path: Path) -> None:
    """Where ONNX Runtime reports, it keeps an identifier and a queue below the home folder."""
    code = "from engines.voices.hibari import Hibari; Hibari(1)"
    hidden = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    kept = {name: value for name, value in environment().items() if name not in hidden}

    subprocess.run([sys.executable, "-c", code], env=kept | {"HOME": str(tmp_path)}, check=True)

    assert list(tmp_path.rglob("*")) == []


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(NetworkFault):
        open_session(b"no network", 1)


def test_a_network_that_fails_says_so(tmp_path: Path) -> None:
    session = open_session(write_piper(tmp_path).read_bytes(), 1)

    with pytest.raises(NetworkFault):
        run(session, ("output",), FEEDS | {"input": np.zeros((1, 1, 1), np.int64)}, lambda fraction: None, 0.0)
