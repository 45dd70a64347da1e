"""H.264 encoders: what each is told, and which of them work here.

A hardware encoder counts as working only if it really encodes: in a process of its own, for drivers may crash, and
twice, for a job's bytes must not change when a part of it is made again.
"""

import logging
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from contracts.errors import EngineFault
from contracts.settings import SOFTWARE_ENCODER, Encoder
from engines.base import Frame

logger = logging.getLogger(__name__)

#: Bytes must not depend on the machine: x264's decisions follow its thread counts, so these are fixed, not left to
#: the number of cores. With two threads they follow their timing too: one encode in ten came out different.
#: Left to itself x264 also picks arithmetic by the processor, and one choice, its macroblock tree with AVX-512, reads
#: memory that nothing wrote. An open group of pictures would reach over the join.
_X264 = {
    "preset": "veryfast",
    "crf": "18",
    "x264-params": "threads=1:lookahead-threads=1:sliced-threads=0:cpu-independent=1"
    ":open-gop=0:force-cfr=1:stitchable=1",
}
#: One quantiser for all frames and no frames that refer ahead: nothing for a rate control to decide by timing.
_NVENC = {"preset": "p4", "rc": "constqp", "qp": "20", "bf": "0", "strict_gop": "1", "forced-idr": "1"}
#: Quality 65 of 100, in units of FFmpeg's lambda.
_VIDEOTOOLBOX = {"allow_sw": "0", "flags": "+qscale", "global_quality": str(65 * 118), "bf": "0"}

OPTIONS: Mapping[str, Mapping[str, str]] = {
    SOFTWARE_ENCODER: _X264,
    "h264_nvenc": _NVENC,
    "h264_videotoolbox": _VIDEOTOOLBOX,
}
_HARDWARE = tuple(name for name in OPTIONS if name != SOFTWARE_ENCODER)

_PATIENCE_S = 60
_SIZE, _FRAMES, _FPS = (640, 352), 30, Fraction(25)
#: Mean difference of a level that H.264 of good quality stays below.
_MOST_DIFFERENT = 4.0


def choose_encoder(wanted: Encoder) -> str:
    """The encoder that a setting means: `auto` is the first hardware encoder that works here, else the software one.

    Raises:
        EngineFault: when a hardware encoder is asked for and does not work here.
    """
    if wanted == "auto":
        return next((name for name in _HARDWARE if works(name)), SOFTWARE_ENCODER)
    if wanted != SOFTWARE_ENCODER and not works(wanted):
        raise EngineFault(
            f"the encoder {wanted} does not work here, but the setting asks for it",
            remedy=f"Install its driver, or set MOUTHPIECE_VIDEO_ENCODER={SOFTWARE_ENCODER} on all workers.",
        )
    return wanted


def works(name: str) -> bool:
    """Whether an encoder encodes here, gives the same bytes twice, and pictures that look like those it was given."""
    code = "import sys; from engines.encoders import trial; trial(sys.argv[1])"
    try:
        command = [sys.executable, "-c", code, name]
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)  # noqa: S603 # nosec B603 # our own code
    except (subprocess.SubprocessError, OSError) as fault:
        logger.info("encoder_unusable name=%s fault=%s", name, fault)
        return False
    return True


def trial(name: str) -> None:
    """Encode a few pictures twice and look at them.

    Raises:
        Exception: whatever goes wrong; EngineFault when bytes or pictures are not as they should be.
    """
    from engines.encode import encode_segment

    given = _pictures()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "first.mp4", Path(folder) / "second.mp4"]
        for path in paths:
            encode_segment(given, _FPS, _SIZE, path, name)
        if paths[0].read_bytes() != paths[1].read_bytes():
            raise EngineFault(f"{name} does not repeat itself")
        with av.open(str(paths[0])) as container:
            shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    if len(shown) != _FRAMES:
        raise EngineFault(f"{name} gave {len(shown)} frames for {_FRAMES}")
    different = max(float(np.abs(a.astype(np.int16) - b).mean()) for a, b in zip(given, shown, strict=True))
    if different > _MOST_DIFFERENT:
        raise EngineFault(f"{name} gave pictures that differ by {different:.1f} levels")


def _pictures() -> list[Frame]:
    """Soft gradients that move."""
    width, height = _SIZE
    y, x = np.mgrid[:height, :width]
    return [
        np.stack(
            [128 + 80 * np.sin((x + 3 * n) / 60), 128 + 80 * np.cos((y - 2 * n) / 50), 128 + 60 * np.sin((x + y) / 90)],
            axis=-1,
        ).astype(np.uint8)
        for n in range(_FRAMES)
    ]
