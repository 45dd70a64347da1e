"""A process that renders the segments it is told to, in that order, with the default engine.

usage: python -m tests.engines.segment_worker SOURCE ROLE ANALYSIS FOLDER INDEX:START:END ...
"""

import sys
from pathlib import Path

import cv2
import torch

from contracts.jobs import MediaInfo, Role
from contracts.settings import Settings
from contracts.steps import Segment
from engines.pipeline import render
from engines.registry import load


def main() -> None:
    """Say when a segment is begun, and render it."""
    source, role, analysis, folder, *segments = sys.argv[1:]
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    engine = load("articulate", Settings(device="cpu"))
    info = MediaInfo(role=Role(role), field="", blob="", container="", size_bytes=0)
    for words in segments:
        index, start, end = map(int, words.split(":"))
        sys.stdout.write(f"{index}\n")
        sys.stdout.flush()
        segment = Segment(index=index, start=start, end=end)
        render(engine, Path(source), info, Path(analysis), segment, Path(folder) / f"{index}.mp4", lambda _: None)


if __name__ == "__main__":
    main()
