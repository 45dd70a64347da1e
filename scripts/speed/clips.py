"""Clips and voices of any length, made of those at hand by copying packets."""

from fractions import Fraction
from pathlib import Path
from typing import Literal

import av


def looped(source: Path, out: Path, kind: Literal["video", "audio"], seconds: float) -> Path:
    """Repeat a file's first stream of a kind, by copying packets, to at least `seconds`; returns `out`."""
    with av.open(str(source)) as container, av.open(str(out), "w") as target:
        origin = container.streams.get({kind: 0})[0]
        stream = target.add_stream_from_template(origin)
        tick = Fraction(origin.time_base or 1)
        offset = 0
        while offset * tick < seconds:
            container.seek(0)
            packets = [packet for packet in container.demux(origin) if packet.dts is not None]
            first = min(packet.dts or 0 for packet in packets)
            for packet in packets:
                packet.pts = (packet.pts or 0) - first + offset
                packet.dts = (packet.dts or 0) - first + offset
                packet.stream = stream
            offset = max((packet.dts or 0) + (packet.duration or 1) for packet in packets)
            target.mux(packets)
    return out


def voice_of(source: Path, out: Path, seconds: float) -> Path:
    """The sound of a file from its start, as 16 kHz mono WAV of exactly `seconds`, repeated where it is shorter."""
    rate, needed = 16_000, round(seconds * 16_000)
    with av.open(str(out), "w", format="wav", options={"fflags": "+bitexact"}) as target:
        stream = target.add_stream("pcm_s16le", rate=rate, layout="mono")
        written = 0
        while written < needed:
            with av.open(str(source)) as container:
                resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
                for decoded in container.decode(audio=0):
                    for frame in resampler.resample(decoded):
                        part = frame.to_ndarray()[:, : needed - written]
                        if not part.shape[1]:
                            break
                        piece = av.AudioFrame.from_ndarray(part, "s16", "mono")
                        piece.rate, piece.pts = rate, written
                        target.mux(stream.encode(piece))
                        written += piece.samples
        target.mux(stream.encode(None))
    return out
