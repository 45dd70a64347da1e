"""The network of a checkpoint at work: layouts told apart, faces drawn a batch at a time."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Barrier

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contracts.errors import WeightsMissing
from engines.base import Frame, Waiting
from engines.checkpoint import fit, named, read_tensors
from engines.inpainting.draw import Canvas, Crop, Drawn
from engines.inpainting.transfer import arriving
from engines.wav2lip.mel import windows
from engines.wav2lip.network import Layout, Wav2Lip

#: How many faces are drawn at once: more take more memory, and on a CPU hardly less time each.
_CPU_BATCH, _GPU_BATCH = 4, 32
#: Batches that are drawn side by side on a CPU, at most, and on a GPU one after the other.
_MOST_LANES, _GPU_AHEAD = 8, 2
#: How often a sign of life is given while a batch is waited for, in seconds.
_LOOK_S = 0.5
#: Faces are drawn from this part of their height on: above, the network only gives back what it was given.
_DRAWN_FROM = 5 / 12

_BLOCKS = "face_encoder_blocks."
_LAYOUTS = {7: Layout.SMALL, 8: Layout.LARGE}
#: What other files that people have beside it look like.
_OTHERS = (
    ("face_encoder.", "the lip-sync expert, which only training needs"),
    ("conv1_1.", "the face detector, which is not needed"),
    ("down_blocks.", "a diffusion network, as MuseTalk's is"),
)
#: What `Wav2Lip.look` sees in a batch of faces.
Maps = list[Tensor]


class Generator:
    """A loaded network.

    Args:
        network: filled; it takes no other checkpoint afterwards.
        device: where it runs.

    Attributes:
        canvas: how it wants its faces.
    """

    def __init__(self, network: Wav2Lip, device: torch.device) -> None:
        is_gpu = device.type == "cuda"
        self._device = device
        self._dtype = arithmetic_of(device)
        self._network = network.fold().to(device, self._dtype).to(memory_format=torch.channels_last)
        self._first = int(_DRAWN_FROM * network.layout)
        lanes = min(torch.get_num_threads(), _MOST_LANES)
        self._lanes = None if is_gpu else _lanes(lanes)
        self.canvas = Canvas(
            side=int(network.layout),
            interpolation=cv2.INTER_LINEAR,
            batch=_GPU_BATCH if is_gpu else _CPU_BATCH,
            ahead=_GPU_AHEAD if is_gpu else lanes,
        )

    @classmethod
    def load(cls, path: Path, device: torch.device) -> "Generator":
        """Read a checkpoint of either layout.

        Raises:
            WeightsMissing: when the file cannot be read, or is of another layout.
        """
        return cls(_read(path), device)

    def drawing(self, alive: Waiting) -> Callable[[Sequence[Crop]], Drawn]:
        """Draws the faces of one segment; a still picture's is looked at once.

        Args:
            alive: called while faces are waited for; raises to stop.
        """
        stills: dict[int, Maps] = {}

        def draw(crops: Sequence[Crop]) -> Drawn:
            if self._lanes is None:
                return self._begin(crops, stills)
            begun = self._lanes.submit(self._begin, crops, stills)
            return lambda: _awaited(begun, alive)()

        return draw

    @torch.inference_mode()
    def _begin(self, crops: Sequence[Crop], stills: dict[int, Maps]) -> Drawn:
        # Which of several kernels is taken must not depend on what else runs.
        with torch.backends.cudnn.flags(enabled=True, deterministic=True):
            heard = self._network.hear(self._sent(_heard(crops)).to(self._dtype))
            made = self._network.draw(heard, self._seen(crops, stills), self._first)
        # The public code cuts values off to whole ones too.
        lower = (made.float() * 255).to(torch.uint8).permute(0, 2, 3, 1).flip(3).contiguous()
        return _completed(lower, crops)

    def _seen(self, crops: Sequence[Crop], stills: dict[int, Maps]) -> Maps:
        if not _is_still(crops[0]):
            return self._look([crop.pixels for crop in crops])
        for crop in crops:
            if id(crop.plan) not in stills:
                stills[id(crop.plan)] = self._look([crop.pixels])
        return [torch.cat(maps) for maps in zip(*(stills[id(crop.plan)] for crop in crops), strict=True)]

    def _look(self, pixels: Sequence[Frame]) -> Maps:
        whole = self._sent(np.stack(pixels)).flip(3).to(self._dtype) / 255
        masked = whole.clone()
        masked[:, whole.shape[1] // 2 :] = 0
        return self._network.look(torch.cat((masked, whole), dim=3).permute(0, 3, 1, 2))

    def _sent(self, array: NDArray[np.generic]) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor.pin_memory().to(self._device, non_blocking=True) if self._device.type == "cuda" else tensor


def _read(path: Path) -> Wav2Lip:
    """A network with the tensors of a file, which nothing else holds: while it is folded they go one by one."""
    tensors = read_tensors(path)
    with torch.device("meta"):
        network = Wav2Lip(layout_of(tensors, path))
    fit(network, tensors, path)
    return network


def _lanes(count: int) -> ThreadPoolExecutor:
    """Threads that draw a batch each: threads that share one batch wait for each other at every layer of the network.

    What a thread says about threads holds for it and those that begin later, so all begin here.
    """
    usual, all_here = torch.get_num_threads(), Barrier(count)
    lanes = ThreadPoolExecutor(count, "draw", initializer=_alone)
    for arrival in [lanes.submit(all_here.wait) for _ in range(count)]:
        arrival.result()
    torch.set_num_threads(usual)
    return lanes


def _alone() -> None:
    """Let this thread compute without others."""
    # The first question or layer of a thread sets its number to what holds for all then; that must come before.
    torch.get_num_threads()
    torch.set_num_threads(1)


def _awaited(begun: Future[Drawn], alive: Waiting) -> Drawn:
    """What is begun, once it is done."""
    while not begun.done():
        wait([begun], _LOOK_S)
        alive()
    return begun.result()


def arithmetic_of(device: torch.device) -> torch.dtype:
    """The numbers that the network computes with: half as long where the device multiplies those natively.

    They move a pixel by one level of 255 at most, and take half the time.
    """
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def _is_still(crop: Crop) -> bool:
    return len(crop.plan.boxes) == 1


def _heard(crops: Sequence[Crop]) -> NDArray[np.float32]:
    """The window of speech of each face: float32 (B, 1, 80, 16)."""
    return np.concatenate(
        [windows(crop.plan.speech.astype(np.float32, copy=False), crop.plan.begins[[crop.number]]) for crop in crops]
    )


def _completed(lower: Tensor, crops: Sequence[Crop]) -> Drawn:
    """Waits for the lower parts of faces, and gives them with the upper parts that the source has."""
    arrived = arriving(lower)
    return lambda: [
        np.concatenate([crop.pixels[: -len(part)], part]) for crop, part in zip(crops, arrived(), strict=True)
    ]


def layout_of(tensors: Mapping[str, Tensor], path: Path) -> Layout:
    """Which layout a checkpoint is of, by its blocks.

    Raises:
        WeightsMissing: when of none that is known, with what it looks like.
    """
    blocks = {name.split(".")[1] for name in tensors if name.startswith(_BLOCKS)}
    layout = _LAYOUTS.get(len(blocks))
    if layout is not None:
        return layout
    if blocks:
        said = " or ".join(map(str, _LAYOUTS))
        looks = f"a fork's for larger faces: its face encoder has {len(blocks)} blocks, not {said}"
    else:
        known = (what for start, what in _OTHERS if any(name.startswith(start) for name in tensors))
        looks = next(known, f"no Wav2Lip network: it begins with {next(iter(tensors))}")
    raise WeightsMissing(
        f"{named(path)} looks like {looks}",
        remedy=f"Put a generator of the 96 or 256 px layout, such as wav2lip_gan.pth, at {path}.",
    )
