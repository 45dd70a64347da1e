import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engines.encode import encode_segment
from tests.engines.generated_media import likeness, pictures, read_video

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SIZE = (96, 64)


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, count: int) -> None:
    one, other = tmp_path / "one.mp4", tmp_path / "other.mp4"

    for path in (one, other):
        encode_segment(pictures(count), Fraction(25), SIZE, path)

    assert one.read_bytes() == other.read_bytes()


def test_bytes_do_not_follow_what_lay_in_memory_before(tmp_path: Path) -> None:
    code = (
        "import sys; from fractions import Fraction; from pathlib import Path;"
        "from engines.encode import encode_segment;"
        "from tests.engines.generated_media import pictures;"
        "encode_segment(pictures(40), Fraction(25), (96, 64), Path(sys.argv[1]))"
    )
    paths = [tmp_path / filling for filling in ("1", "85", "255")]
    for path in paths:
        filled = {"MALLOC_PERTURB_": path.name, "MALLOC_MMAP_THRESHOLD_": str(1 << 32)}
        command = [sys.executable, "-c", code, str(path)]
        subprocess.run(command, cwd=ROOT, env=os.environ | filled, check=True, timeout=60)

    assert len({path.read_bytes() for path in paths}) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 7, 60])
def test_every_frame_is_written_once_and_evenly(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.mp4"

    assert encode_segment(iter(pictures(count)), Fraction(30000, 1001), SIZE, path) == count

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = [frame.pts for frame in container.decode(stream)]
        assert stream.time_base == Fraction(1, 30000)
        assert times == [number * 1001 for number in range(count)]


def test_a_segment_begins_with_a_key_frame_and_refers_to_nothing_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    encode_segment(pictures(60), Fraction(25), SIZE, path)

    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert keys[0] == 0
    assert max(np.diff([*keys, len(packets)])) <= 50
    for key in keys:
        start = packets[key].pts
        assert start is not None
        assert all(packet.pts is not None and packet.pts >= start for packet in packets[key:])
        assert all(packet.pts is not None and packet.pts < start for packet in packets[:key])


def test_colours_come_back_and_are_tagged_bt709(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    colours = [(200, 60, 60), (60, 200, 60), (60, 60, 200), (225, 172, 145), (0, 0, 0), (255, 255, 255)]
    frames = [np.full((64, 96, 3), colour, np.uint8) for colour in colours]
    encode_segment(frames, Fraction(25), SIZE, path)

    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"
    assert max(map(likeness, read_video(path), frames)) < 4
