"""Settings of the services that these tests run."""

import os
from pathlib import Path

from scripts.trial import TRIVIAL_ENGINE

#: The service is made of this checkout's sources, wherever the command was installed from.
_ROOT = str(Path(__file__).resolve().parents[2])
REAL = {"PYTHONPATH": _ROOT}
#: An engine that costs nothing; only keys of the free plan are limited.
LIGHT = TRIVIAL_ENGINE | {
    "PYTHONPATH": os.pathsep.join((_ROOT, TRIVIAL_ENGINE["PYTHONPATH"])),
    "MOUTHPIECE_REQUESTS_PER_MIN_PRO": "0",
    "MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0",
}
