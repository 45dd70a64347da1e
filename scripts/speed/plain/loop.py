"""Wav2Lip as its reference does it: the whole video in memory, one stage after the other, a face pasted as a square.

Networks are loaded before the clock starts, here as there; else this is the order and the data of the reference:
every frame is decoded and kept, faces are cut out of all of them, batches are made of copies of whole frames, drawn by
the network as it is, pasted over the frame, written as MPEG-4 into an AVI file, and that is encoded again beside the
sound.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from engines.audio import read_speech
from engines.checkpoint import fit, read_tensors
from engines.wav2lip.mel import mel_spectrogram
from engines.wav2lip.network import COLUMNS, Layout, Wav2Lip
from scripts.speed.apart import Numbers, Ready
from scripts.speed.plain.mux import muxed
from scripts.speed.tasks import PlainTask

Picture = NDArray[np.uint8]

_SIDE = int(Layout.SMALL)


def run(task: PlainTask, ready: Ready) -> Numbers:
    """Do it.

    Returns:
        `frames` that came out; `whole_s`, and of it `read_s`, `model_s`, `paste_s` (with making batches) and `mux_s`;
        on a GPU `gpu_peak_mib`, its memory at most.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    network = Wav2Lip(Layout.SMALL)
    fit(network, read_tensors(task.weights), task.weights)
    network.to(task.device)
    ready()
    began = time.perf_counter()
    frames, fps = read_all(task.clip)
    mel = mel_spectrogram(read_speech(task.voice).samples)
    mels = [mel[:, start : start + COLUMNS] for start in window_starts(mel.shape[1], fps)]
    frames = frames[: len(mels)]
    read = time.perf_counter()
    silent = task.folder / "result.avi"
    model_s = _draw(task, network, frames, mels, silent, fps)
    drawn = time.perf_counter()
    muxed(silent, task.voice, task.folder / "result.mp4")
    ended = time.perf_counter()
    numbers = {
        "frames": len(mels),
        "whole_s": ended - began,
        "read_s": read - began,
        "model_s": model_s,
        "paste_s": drawn - read - model_s,
        "mux_s": ended - drawn,
    }
    return numbers | gpu_memory(task.device)


def read_all(clip: Path) -> tuple[list[Picture], float]:
    """Every frame of a video, uint8 BGR (H, W, 3), and its frame rate."""
    video = cv2.VideoCapture(str(clip))
    frames: list[Picture] = []
    while True:
        is_read, frame = video.read()
        if not is_read:
            break
        frames.append(np.asarray(frame, np.uint8))
    fps = video.get(cv2.CAP_PROP_FPS)
    video.release()
    return frames, fps


def window_starts(columns: int, fps: float) -> list[int]:
    """First columns of the windows of a mel spectrogram, one a frame, until the first that reaches beyond its end.

    That one begins so that it ends with the sound, and the frames after it are lost.
    """
    starts: list[int] = []
    while (start := int(len(starts) * 80 / fps)) + COLUMNS <= columns:
        starts.append(start)
    return [*starts, columns - COLUMNS]


def _draw(
    task: PlainTask,
    network: Wav2Lip,
    frames: list[Picture],
    mels: list[NDArray[np.float32]],
    out: Path,
    fps: float,
) -> float:
    """Draw, paste and write all frames; gives the seconds in the network."""
    left, top, right, bottom = task.box
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"DIVX"), fps, (width, height))
    model_s = 0.0
    for wholes, faces, heard in _batches(task, frames, mels):
        began = time.perf_counter()
        with torch.no_grad():
            speech = torch.FloatTensor(np.transpose(heard, (0, 3, 1, 2))).to(task.device)
            drawn = network(speech, torch.FloatTensor(np.transpose(faces, (0, 3, 1, 2))).to(task.device))
        pictures = drawn.cpu().numpy().transpose(0, 2, 3, 1) * 255.0
        model_s += time.perf_counter() - began
        for picture, whole in zip(pictures, wholes, strict=True):
            whole[top:bottom, left:right] = cv2.resize(picture.astype(np.uint8), (right - left, bottom - top))
            writer.write(whole)
    writer.release()
    return model_s


def _batches(
    task: PlainTask, frames: list[Picture], mels: list[NDArray[np.float32]]
) -> Iterator[tuple[list[Picture], NDArray[np.float64], NDArray[np.float32]]]:
    """Copies of whole frames; faces (B, 96, 96, 6), their lower half blank and whole; sounds (B, 80, 16, 1)."""
    left, top, right, bottom = task.box
    located = [frame[top:bottom, left:right] for frame in frames]
    for start in range(0, len(mels), task.batch):
        numbers = [number % len(frames) for number in range(start, min(start + task.batch, len(mels)))]
        wholes = [frames[number].copy() for number in numbers]
        faces = np.asarray([cv2.resize(located[number], (_SIDE, _SIDE)) for number in numbers])
        blank = faces.copy()
        blank[:, _SIDE // 2 :] = 0
        heard = np.asarray(mels[start : start + task.batch])[..., None]
        yield wholes, np.concatenate((blank, faces), axis=3) / 255.0, heard


def gpu_memory(device: str) -> Numbers:
    """Memory of the GPU that this process has had at most; nothing on the CPU."""
    return {"gpu_peak_mib": torch.cuda.max_memory_allocated() / 2**20} if device == "cuda" else {}
