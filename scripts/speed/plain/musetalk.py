"""MuseTalk as its reference does it: every list in memory, every face encoded one by one, pictures on disk in between.

Its networks are ours as they are loaded; its face parsing, one more network for every frame, is left out, and half of
an ellipse stands in for the mask that it gives.
"""

import math
import os
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.audio import read_speech
from engines.musetalk.ear import Ear
from engines.musetalk.folder import files_in
from engines.musetalk.latents import SIDE, normalised, positions
from engines.musetalk.networks import Networks, load_networks
from scripts.speed.apart import Numbers, Ready
from scripts.speed.plain.loop import Picture, gpu_memory, read_all
from scripts.speed.plain.mux import encoded, muxed
from scripts.speed.tasks import PlainTask

_STEPS_PER_S, _STEPS = 50, 10
#: Of a box's size: how much more of the picture is blended, and how soft the mask is.
_AROUND, _SOFT = 1.5, 0.05


def run(task: PlainTask, ready: Ready) -> Numbers:
    """Do it.

    Returns:
        As `scripts.speed.plain.loop.run`; `model_s` is what hearing, encoding, drawing and decoding take.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    networks = load_networks(files_in(task.weights), torch.device(task.device))
    ready()
    began = time.perf_counter()
    frames, fps = read_all(task.clip)
    read = time.perf_counter()
    with torch.no_grad():
        sounds = _heard(networks, task.voice, int(fps))
        latents = [_latents(networks, frame, task.box) for frame in frames]
        faces = _drawn(networks, sounds, latents, task.batch)
    drawn = time.perf_counter()
    pictures = task.folder / "pictures"
    pictures.mkdir()
    for number, face in enumerate(faces):
        whole = _blended(frames[number % len(frames)].copy(), face, task.box)
        cv2.imwrite(str(pictures / f"{number:08d}.png"), whole)
    pasted = time.perf_counter()
    encoded(pictures / "%08d.png", fps, task.folder / "silent.mp4")
    muxed(task.folder / "silent.mp4", task.voice, task.folder / "result.mp4")
    ended = time.perf_counter()
    numbers = {
        "frames": len(faces),
        "whole_s": ended - began,
        "read_s": read - began,
        "model_s": drawn - read,
        "paste_s": pasted - drawn,
        "mux_s": ended - pasted,
    }
    return numbers | gpu_memory(task.device)


def _heard(networks: Networks, voice: Path, fps: int) -> list[Tensor]:
    """What each frame is drawn of, (50, D); at whole frames per second only, as there."""
    samples = read_speech(voice).samples
    heard = Ear(networks.encoder).hear(samples)
    lead = 2 * math.ceil(_STEPS_PER_S / fps)
    padded = torch.nn.functional.pad(heard, (0, 0, 0, 0, lead, 3 * lead))
    count = len(samples) * fps // 16_000
    begins = [number * _STEPS_PER_S // fps for number in range(count)]
    return [padded[begin : begin + _STEPS].flatten(0, 1) for begin in begins]


def _latents(networks: Networks, frame: Picture, box: tuple[int, int, int, int]) -> Tensor:
    """Of one frame's face without its lower half, and whole: (1, 8, 32, 32); drawn at random from what is probable."""
    left, top, right, bottom = box
    face = cv2.resize(frame[top:bottom, left:right], (SIDE, SIDE), interpolation=cv2.INTER_LANCZOS4)
    whole = normalised(torch.from_numpy(face[None, ..., ::-1].copy())).to(networks.unet.device, networks.dtype)
    upper = whole.clone()
    upper[:, :, SIDE // 2 :] = -1
    found = [networks.vae.encode(each).latent_dist.sample() for each in (upper, whole)]
    return torch.cat(found, dim=1) * float(networks.vae.config["scaling_factor"])


def _drawn(networks: Networks, sounds: list[Tensor], latents: list[Tensor], batch: int) -> list[Picture]:
    """All faces, uint8 BGR (256, 256, 3); source frames are shown to and fro."""
    cycle = [*latents, *latents[::-1]]
    faces: list[Picture] = []
    for start in range(0, len(sounds), batch):
        speech = torch.stack(sounds[start : start + batch])
        speech = speech + positions(speech.shape[1], speech.shape[2], speech.device, speech.dtype)
        seen = torch.cat([cycle[number % len(cycle)] for number in range(start, start + len(speech))])
        moment = torch.zeros(1, dtype=torch.long, device=seen.device)
        made = networks.unet(seen, moment, encoder_hidden_states=speech).sample
        pictures = networks.vae.decode(made / float(networks.vae.config["scaling_factor"])).sample
        values = ((pictures / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).float().cpu().numpy() * 255).round()
        faces += list(values.astype(np.uint8)[..., ::-1])
    return faces


def _blended(whole: Picture, face: Picture, box: tuple[int, int, int, int]) -> Picture:
    """A picture with the lower half of a face laid over it through a soft mask."""
    left, top, right, bottom = box
    whole_before = whole.copy()
    whole[top:bottom, left:right] = cv2.resize(face, (right - left, bottom - top))
    margin = [round((_AROUND - 1) / 2 * size) for size in (right - left, bottom - top)]
    x0, y0 = max(left - margin[0], 0), max(top - margin[1], 0)
    part = (slice(y0, bottom + margin[1]), slice(x0, right + margin[0]))
    mask: NDArray[np.uint8] = np.zeros(whole[part].shape[:2], np.uint8)
    middle = ((left + right) // 2 - x0, (top + bottom) // 2 - y0)
    cv2.ellipse(mask, middle, ((right - left) // 2, (bottom - top) // 2), 0, 0, 180, 255, -1)
    side = 2 * round(_SOFT * (right - left) / 2) + 1
    soft = cv2.GaussianBlur(mask, (side, side), 0)[..., None] / 255
    whole[part] = (whole[part] * soft + whole_before[part] * (1 - soft)).astype(np.uint8)
    return whole
