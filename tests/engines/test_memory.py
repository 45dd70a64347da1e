import sys
from pathlib import Path

import numpy as np
import pytest

from engines.memory import give_back

pytestmark = pytest.mark.unit

#: Small enough for the heap, unlike whole pictures, which are mapped one by one.
_PIECE_BYTES, _PIECES = 100_000, 2_000


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_freed_between_what_is_kept_goes_back_to_the_system() -> None:
    pieces = [np.ones(_PIECE_BYTES, np.uint8) for _ in range(_PIECES)]
    kept = pieces[::50]
    full = _resident_mib()
    del pieces

    give_back()

    assert _resident_mib() < full - 0.8 * _PIECE_BYTES * _PIECES / 2**20
    assert all(piece.all() for piece in kept)
