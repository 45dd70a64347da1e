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


@pytest.fixture
def glass() -> NDArray[np.uint8]:
    """Colour and opacity (H, W, 4), different at every corner."""
    y, x = np.mgrid[:40, :56]
    return np.stack([x * 4, y * 6, 255 - x * 3, (x * 2 + y * 3) % 256], axis=-1).astype(np.uint8)


def on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    opacity = pixels[..., 3:].astype(np.float64) / 255
    return np.rint(pixels[..., :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)


def turned(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """A stored picture as it is shown (Exif 2.3 section 4.6.4, tag 0x0112)."""
    swapped = picture.transpose(1, 0, 2) if orientation > 4 else picture
    down = -1 if orientation in (3, 4, 7, 8) else 1
    across = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(swapped[::down, ::across])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_transparent_png_taken_sideways_is_turned_with_its_opacity(
    tmp_path: Path, glass: NDArray[np.uint8], orientation: int
) -> None:
    picture = read(tmp_path, png(glass, RGBA, chunk(b"eXIf", exif(orientation)[6:])))

    assert picture.shape == turned(on_white(glass), orientation).shape
    assert np.abs(picture.astype(int) - turned(on_white(glass), orientation)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_transparent_webp_taken_sideways_is_turned_with_its_opacity(
    tmp_path: Path, glass: NDArray[np.uint8], orientation: int
) -> None:
    note = np.frombuffer(exif(orientation)[6:], np.uint8)
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101]
    stored = cv2.cvtColor(glass, cv2.COLOR_RGBA2BGRA)
    _, data = cv2.imencodeWithMetadata(".webp", stored, [cv2.IMAGE_METADATA_EXIF], [note], lossless)

    picture = read(tmp_path, data.tobytes())

    expected = turned(on_white(glass), orientation).astype(int)
    seen = turned(glass[..., 3:], orientation)[..., 0] > 0
    assert picture.shape == expected.shape
    assert np.abs(picture - expected)[seen].max() <= 1


def test_a_square_transparent_picture_is_turned_with_its_opacity(tmp_path: Path, glass: NDArray[np.uint8]) -> None:
    square = glass[:40, :40]

    picture = read(tmp_path, png(square, RGBA, chunk(b"eXIf", exif(6)[6:])))

    assert np.abs(picture.astype(int) - turned(on_white(square), 6)).max() <= 1


def test_a_large_picture_is_laid_on_white_a_few_rows_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(png(np.full((4000, 4000, 4), 128, np.uint8), RGBA))
    code = (
        "import resource, sys; from pathlib import Path; import cv2; from engines.stills import read_still\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak(); read_still(Path(sys.argv[1])); print(peak() - before)"
    )

    command = [sys.executable, "-c", code, str(tmp_path / "large.png")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    decoded_mb = 16 * (3 + 4 + 1)
    assert float(run.stdout) < decoded_mb + 120, run.stderr


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


@pytest.mark.parametrize(("quality", "kind"), [(101, b"VP8L"), (80, b"VP8 ")], ids=["lossless", "lossy"])
def test_a_huge_webp_is_refused_by_its_header_alone(tmp_path: Path, quality: int, kind: bytes) -> None:
    data = bytearray(encoded(".webp", np.zeros((8, 8, 3), np.uint8), cv2.IMWRITE_WEBP_QUALITY, quality))
    assert data[12:16] == kind
    if kind == b"VP8L":
        data[21:25] = (11_999 | 12_999 << 14).to_bytes(4, "little")
    else:
        data[26:30] = struct.pack("<HH", 12_000, 13_000)

    with pytest.raises(MediaTooLarge, match="12000 x 13000"):
        read(tmp_path, bytes(data))


def test_a_huge_photograph_cannot_hide_its_size_behind_other_segments(tmp_path: Path) -> None:
    jpeg = bytearray(encoded(".jpg", np.zeros((8, 8, 3), np.uint8)))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 20000, 30000)
    comments = [segment(0xFE, bytes(65_533))] * 20

    with pytest.raises(MediaTooLarge, match="30000 x 20000"):
        read(tmp_path, with_segments(bytes(jpeg), *comments, b"stray\0", b"\xff\xff\xff"))


def test_a_photograph_with_much_before_its_pixels_is_read(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    padded = with_segments(encoded(".jpg", face), *[segment(0xE2, bytes(65_533))] * 20)

    assert read(tmp_path, padded).shape == face.shape


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\x20\0\0\0WEBPVP9 " + bytes(40),
        b"\xff\xd8\xff\xda" + bytes(60),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", bytes(40)),
    ],
    ids=["webp", "jpeg", "png"],
)
def test_a_picture_of_unknown_size_is_not_decoded(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadableMedia, match="damaged or cut short"):
        read(tmp_path, data)


def test_a_picture_that_decoders_take_without_a_header_is_not_decoded(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    whole = encoded(".webp", face, cv2.IMWRITE_WEBP_QUALITY, 101)
    body = b"WEBP" + whole[20:]
    bare = b"RIFF" + struct.pack("<I", len(body)) + body
    assert cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_COLOR) is not None

    with pytest.raises(UnreadableMedia, match="damaged or cut short"):
        read(tmp_path, bare)


def extended_webp() -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(10) + b"VP8L" + bytes(40)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


@pytest.mark.parametrize(
    ("name", "options"),
    [(".png", ()), (".jpg", ()), (".webp", ()), (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101)), ("extended", ())],
    ids=["png", "jpeg", "lossy webp", "lossless webp", "extended webp"],
)
def test_a_picture_cut_anywhere_in_its_head_is_refused(
    tmp_path: Path, face: NDArray[np.uint8], name: str, options: tuple[int, ...]
) -> None:
    data = extended_webp() if name == "extended" else encoded(name, face, *options)
    for length in range(40):
        with pytest.raises(UnreadableMedia):
            read(tmp_path, data[:length])
