"""What looking for faces costs the plain loop, told by a few frames of it."""

import os
import time
from itertools import islice

import numpy as np
import torch

from engines.media import VideoSource
from scripts.speed.apart import Numbers, Ready
from scripts.speed.generated_weights import fill
from scripts.speed.plain.s3fd import S3fd
from scripts.speed.tasks import DetectorTask

_MEAN = np.array([104, 117, 123], np.float32)


def run(task: DetectorTask, ready: Ready) -> Numbers:
    """Look at whole frames, one after the other.

    Returns:
        `frames` looked at, `wall_s` and `busy_s` for each.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    network = S3fd()
    fill(network)
    network.to(task.device)
    source = VideoSource(task.clip)
    seen = list(islice(source.frames_at(np.arange(task.frames + 1, dtype=np.int32), source.size), task.frames + 1))
    pictures = [np.asarray(frame[..., ::-1], np.float32) - _MEAN for frame in seen]
    _look(network, pictures[0], task.device)
    ready()
    began, busy = time.perf_counter(), time.process_time()
    for picture in pictures[1:]:
        _look(network, picture, task.device)
    wall_s, busy_s = time.perf_counter() - began, time.process_time() - busy
    return {"frames": task.frames, "wall_s": wall_s / task.frames, "busy_s": busy_s / task.frames}


def _look(network: S3fd, picture: np.ndarray[tuple[int, ...], np.dtype[np.float32]], device: str) -> None:
    with torch.no_grad():
        network(torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()).to(device))[-1].cpu()
