import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import MediaTooLarge, UnreadableMedia
from engines.stills import read_still
from tests.engines.drawn_face import drawn_face
from tests.engines.generated_media import likeness

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: NDArray[np.uint8], colour: int, *extra: bytes, size: tuple[int, int] | None = None) -> bytes:
    """A PNG with chunks of one's own before the pixels (PNG 1.2 section 3)."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", *(size or (width, height)), 8, colour, 0, 0, 0)
    pieces = [chunk(b"IHDR", head), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def encoded(name: str, picture: NDArray[np.uint8], *options: int) -> bytes:
    return cv2.imencode(name, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()


def icc_profile() -> bytes:
    """A matrix profile with a name (ICC.1 section 7): header, one tag, its text."""
    description = b"desc" + bytes(4) + struct.pack(">I", 12) + b"Test profile"[:11] + b"\0" + bytes(78)
    tags = struct.pack(">I", 1) + b"desc" + struct.pack(">II", 144, len(description))
    size = 128 + len(tags) + len(description)
    head = struct.pack(">I", size) + bytes(4) + b"\x04\x30\0\0mntrRGB XYZ " + bytes(12) + b"acsp"
    return head.ljust(128, b"\0") + tags + description


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def exif(orientation: int) -> bytes:
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def read(tmp_path: Path, data: bytes, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    path = tmp_path / "upload"
    path.write_bytes(data)
    return read_still(path, "image", size)


@pytest.fixture(scope="module")
def face() -> NDArray[np.uint8]:
    return cv2.resize(drawn_face(), (80, 80), interpolation=cv2.INTER_AREA).astype(np.uint8)[:72]


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [(".png", (), 0.0), (".webp", (cv2.IMWRITE_WEBP_QUALITY, 95), 4.0), (".jpg", (cv2.IMWRITE_JPEG_QUALITY, 95), 4.0)],
)
def test_every_accepted_kind_is_read_with_its_colours(
    tmp_path: Path, face: NDArray[np.uint8], name: str, options: tuple[int, ...], tolerance: float
) -> None:
    picture = read(tmp_path, encoded(name, face, *options))

    assert picture.shape == face.shape
    assert picture.dtype == np.uint8
    assert likeness(picture, face) <= tolerance


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((4, 6, 4), np.uint8)
    pixels[:, 2:4] = (200, 0, 100, 255)
    pixels[:, 4:] = (0, 0, 0, 128)

    row = read(tmp_path, png(pixels, RGBA))[0].tolist()

    assert row == [[255] * 3] * 2 + [[200, 0, 100]] * 2 + [[127] * 3] * 2


def test_grey_with_transparency_lies_on_white(tmp_path: Path) -> None:
    pixels = np.array([[[90, 255], [90, 0]]] * 2, np.uint8)

    assert read(tmp_path, png(pixels, GREY_ALPHA))[0].tolist() == [[90] * 3, [255] * 3]


def test_a_palette_is_looked_up_and_its_transparent_colour_is_white(tmp_path: Path) -> None:
    indices = np.array([[0, 1, 2, 0]] * 4, np.uint8)
    palette = chunk(b"PLTE", bytes([10, 20, 30, 200, 100, 50, 0, 0, 0])) + chunk(b"tRNS", bytes([255, 255, 0]))

    row = read(tmp_path, png(indices, PALETTE, palette))[0].tolist()

    assert row == [[10, 20, 30], [200, 100, 50], [255, 255, 255], [10, 20, 30]]


def test_grey_becomes_colour(tmp_path: Path) -> None:
    pixels = np.array([[0, 128, 255]] * 3, np.uint8)

    assert read(tmp_path, png(pixels, GREY))[0].tolist() == [[0] * 3, [128] * 3, [255] * 3]


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_photograph_taken_sideways_is_turned_upright(
    tmp_path: Path, face: NDArray[np.uint8], orientation: int, turns: int
) -> None:
    stored = encoded(".jpg", face, cv2.IMWRITE_JPEG_QUALITY, 95)

    picture = read(tmp_path, with_segments(stored, segment(0xE1, exif(orientation))))

    upright = np.rot90(face, turns)
    assert picture.shape == upright.shape
    assert likeness(picture, upright) < 4


@pytest.mark.parametrize("width", [63, 64])
@pytest.mark.parametrize("height", [47, 48])
@pytest.mark.parametrize("name", [".png", ".jpg", ".webp"])
def test_odd_sizes_are_kept(tmp_path: Path, face: NDArray[np.uint8], name: str, width: int, height: int) -> None:
    assert read(tmp_path, encoded(name, face[:height, :width])).shape == (height, width, 3)


def test_one_pixel_too_many_is_cut_off_and_not_resampled(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    picture = read(tmp_path, encoded(".png", face[:71, :79]), size=(78, 70))

    assert np.array_equal(picture, face[:70, :78])


def test_a_picture_of_another_shape_is_centred_on_black(tmp_path: Path) -> None:
    white = np.full((40, 80, 3), 255, np.uint8)

    picture = read(tmp_path, encoded(".png", white), size=(40, 40))

    assert picture[:9].max() == 0
    assert picture[31:].max() == 0
    assert picture[12:28].min() == 255


def test_pictures_with_colour_profiles_are_read_many_times_without_a_crash(
    tmp_path: Path, face: NDArray[np.uint8]
) -> None:
    profile = icc_profile()
    named = chunk(b"iCCP", b"a name\0\0" + zlib.compress(profile))
    jpeg = encoded(".jpg", face)
    icc = segment(0xE2, b"ICC_PROFILE\0\x01\x01" + profile)
    files = {
        "rgb.png": png(face, RGB, named),
        "rgba.png": png(np.dstack([face, face[..., :1]]), RGBA, named),
        "profile.jpg": with_segments(jpeg, icc),
        "turned.jpg": with_segments(jpeg, segment(0xE1, exif(6)), icc),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    code = (
        "import sys; from pathlib import Path; from engines.stills import read_still\n"
        "for _ in range(100):\n"
        "    for path in sys.argv[1:]: read_still(Path(path))\n"
        "print('done')"
    )

    command = [sys.executable, "-c", code, *(str(tmp_path / name) for name in files)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (run.returncode, run.stdout.strip()) == (0, "done"), run.stderr


def test_an_animation_is_refused(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    with pytest.raises(UnreadableMedia, match=r"^image: the image is animated \(image/png\)$"):
        read(tmp_path, png(face, RGB, chunk(b"acTL", struct.pack(">II", 2, 0))))


def test_an_animated_webp_is_refused(tmp_path: Path) -> None:
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + bytes(6)

    with pytest.raises(UnreadableMedia, match=r"animated \(image/webp\)"):
        read(tmp_path, b"RIFF" + struct.pack("<I", 4 + len(extended)) + b"WEBP" + extended)


def test_a_huge_picture_is_refused_by_its_header_alone(tmp_path: Path) -> None:
    tiny = np.zeros((2, 2, 3), np.uint8)

    with pytest.raises(MediaTooLarge, match=r"^image: the image has 20000 x 20000 pixels$"):
        read(tmp_path, png(tiny, RGB, size=(20000, 20000)))


def test_a_huge_photograph_is_refused_by_its_header_alone(tmp_path: Path) -> None:
    jpeg = bytearray(encoded(".jpg", np.zeros((8, 8, 3), np.uint8)))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 20000, 30000)

    with pytest.raises(MediaTooLarge, match="30000 x 20000"):
        read(tmp_path, bytes(jpeg))


@pytest.mark.parametrize("name", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("length", [16, 30, 60])
def test_a_stub_of_a_picture_is_damaged(tmp_path: Path, face: NDArray[np.uint8], name: str, length: int) -> None:
    with pytest.raises(UnreadableMedia, match="damaged or cut short"):
        read(tmp_path, encoded(name, face)[:length])


@pytest.mark.parametrize(
    "content", [b"#EXTM3U\nfile:///etc/hostname\n", b"ffconcat version 1.0\n", b"GIF89a", b"<svg/>"]
)
def test_what_is_no_accepted_picture_is_not_decoded(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableMedia, match=r"^image: not an image \("):
        read(tmp_path, content)
