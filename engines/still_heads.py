"""What the head of a still picture's file tells before anything is decoded: its size, and whether it moves."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
#: Start-of-frame markers (ITU T.81 table B.1): all but those of tables and reserved ones in their midst.
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers that stand alone, without a segment: TEM and RST.
_LONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
#: From the start of the first scan, or the end of the image, no size follows.
_LAST_MARKERS = frozenset({0xD9, 0xDA})
_ANIMATED_FLAG = 0x02


def is_animated(data: bytes) -> bool:
    """An APNG has an acTL chunk before its pixels; an animated WebP sets bit 1 of its VP8X flags."""
    if data.startswith(_PNG):
        pixels = data.find(b"IDAT")
        return data.find(b"acTL", 0, pixels if pixels >= 0 else len(data)) >= 0
    return data[8:16] == b"WEBPVP8X" and bool(int.from_bytes(data[20:21]) & _ANIMATED_FLAG)


def declared_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG, JPEG or WebP file as its head gives them; 0, 0 when they are not found."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR":
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith(_JPEG):
        return _jpeg_size(data)
    return _webp_size(data) if data[8:12] == b"WEBP" else (0, 0)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the segments to the start-of-frame (ITU T.81 B.2.2), over stray bytes between them as decoders do."""
    at = data.find(b"\xff", len(_JPEG))
    while 0 <= at < len(data) - 9:
        marker = data[at + 1]
        if marker in _FRAME_MARKERS:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        if marker in _LAST_MARKERS:
            break
        if marker in (0x00, 0xFF):
            at = data.find(b"\xff", at + 1)
        else:
            skipped = 0 if marker in _LONE_MARKERS else int.from_bytes(data[at + 2 : at + 4])
            at = data.find(b"\xff", at + 2 + skipped)
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    """The canvas of the extended format, else the size in the lossless or lossy frame's own header (RFC 9649)."""
    if len(data) < 30:
        return 0, 0
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L" and data[20] == 0x2F:
        sides = int.from_bytes(data[21:25], "little")
        return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return 0, 0
