"""Convert the face detector and the face mesh from MediaPipe's TensorFlow Lite files to safetensors.

Needs the `tflite` and `flatbuffers` packages beside this project's own; they serve nothing else, so they are not among
its dependencies. Install them into a separate environment, then:

    pip download mediapipe==0.10.21 --no-deps
    python -m scripts.convert_face_weights mediapipe-0.10.21-*.whl engines/people/weights

The same wheel gives the same bytes. Weights stay float16, as the originals store them.
"""

import importlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import click
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import nn

from engines.people.detector import FaceDetector
from engines.people.mesh import FaceMesh
from engines.weights import MANIFEST, WeightFile, read_manifest

Array = NDArray[np.generic]

# Numbers of the TensorFlow Lite schema: TensorType and SparseIndexVector.
_DTYPES = {0: np.float32, 1: np.float16, 2: np.int32}
_INDEX_VECTORS = {1: "Int32Vector", 2: "Uint16Vector", 3: "Uint8Vector"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One network: where its file is in the wheel, and the outputs whose weights it needs, in the module's order."""

    target: str
    member: str
    outputs: tuple[str, ...]
    module: type[nn.Module]


RECIPES = (
    Recipe(
        target="face_detector.safetensors",
        member="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
        outputs=("Identity_1", "Identity"),
        module=FaceDetector,
    ),
    Recipe(
        target="face_mesh.safetensors",
        member="mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
        outputs=("output_mesh_identity", "conv_faceflag", "output_lips", "output_left_eye", "output_right_eye"),
        module=FaceMesh,
    ),
)


def _tflite() -> ModuleType:
    """The `tflite` package, by name: a type checker that runs without it has nothing to say about it."""
    try:
        return importlib.import_module("tflite")
    except ImportError as error:
        raise click.ClickException(
            "needs the packages tflite and flatbuffers: pip install tflite flatbuffers"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator of a graph: its kind and the numbers of its tensors."""

    kind: str
    inputs: tuple[int, ...]
    output: int


class Graph:
    """A TensorFlow Lite file with one subgraph: its operators in order of execution and its constants."""

    def __init__(self, content: bytes) -> None:
        self._tflite = _tflite()
        self._model = self._tflite.Model.GetRootAsModel(content, 0)
        self._graph = self._model.Subgraphs(0)
        self.operators = [self._operator(index) for index in range(self._graph.OperatorsLength())]

    def _operator(self, index: int) -> Operator:
        operator = self._graph.Operators(index)
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        kinds = {value: name for name, value in vars(self._tflite.BuiltinOperator).items() if isinstance(value, int)}
        return Operator(
            kind=kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())],
            inputs=tuple(int(tensor) for tensor in operator.InputsAsNumpy()),
            output=int(operator.Outputs(0)),
        )

    def output(self, name: str) -> int:
        """The number of the output tensor of this name."""
        numbers = (self._graph.Outputs(index) for index in range(self._graph.OutputsLength()))
        return next(int(number) for number in numbers if self._graph.Tensors(number).Name().decode() == name)

    def upstream(self, tensor: int) -> set[int]:
        """Indices of all operators that the tensor depends on."""
        maker = {operator.output: index for index, operator in enumerate(self.operators)}
        found: set[int] = set()
        pending = [tensor]
        while pending:
            index = maker.get(pending.pop())
            if index is not None and index not in found:
                found.add(index)
                pending += self.operators[index].inputs
        return found

    def constant(self, tensor: int) -> Array:
        """A constant's value, behind the operators that store it as float16 or without its zeros."""
        maker = next(
            (op for op in self.operators if op.output == tensor and op.kind in {"DEQUANTIZE", "DENSIFY"}), None
        )
        return self._stored(tensor) if maker is None else self.constant(maker.inputs[0])

    def _stored(self, number: int) -> Array:
        tensor = self._graph.Tensors(number)
        values = np.frombuffer(self._model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes(), _DTYPES[tensor.Type()])
        return values.reshape(tensor.ShapeAsNumpy()) if tensor.Sparsity() is None else self._dense(values, number)

    def _dense(self, values: Array, number: int) -> Array:
        """Put the zeros back: the files store the last dimension of 1x1 kernels as compressed sparse rows."""
        tensor = self._graph.Tensors(number)
        last = tensor.Sparsity().DimMetadata(tensor.ShapeLength() - 1)
        segments = self._indices(last.ArraySegmentsType(), last.ArraySegments())
        columns = self._indices(last.ArrayIndicesType(), last.ArrayIndices())
        shape = tuple(tensor.ShapeAsNumpy())
        dense = np.zeros((int(np.prod(shape[:-1])), shape[-1]), values.dtype)
        dense[np.repeat(np.arange(len(dense)), np.diff(segments)), columns] = values
        return dense.reshape(shape)

    def _indices(self, kind: int, table: object) -> NDArray[np.int64]:
        vector = getattr(self._tflite, _INDEX_VECTORS[kind])()
        vector.Init(*(getattr(table, part) for part in ("Bytes", "Pos")))
        return np.asarray(vector.ValuesAsNumpy(), np.int64)


def _layer(graph: Graph, operator: Operator) -> Iterator[Array]:
    """The weights of an operator, laid out as torch has them; nothing for an operator without weights."""
    if operator.kind == "CONV_2D":
        yield graph.constant(operator.inputs[1]).transpose(0, 3, 1, 2)
        yield graph.constant(operator.inputs[2])
    elif operator.kind == "DEPTHWISE_CONV_2D":
        yield graph.constant(operator.inputs[1]).transpose(3, 0, 1, 2)
        yield graph.constant(operator.inputs[2])
    elif operator.kind == "PRELU":
        yield graph.constant(operator.inputs[1]).reshape(-1)


def _weights(graph: Graph, outputs: Iterable[str]) -> Iterator[Array]:
    """All weights that the outputs need: first the first output's in order of execution, then what the next adds."""
    done: set[int] = set()
    for name in outputs:
        for index in sorted(graph.upstream(graph.output(name)) - done):
            yield from _layer(graph, graph.operators[index])
            done.add(index)


def _named(arrays: Iterable[Array], module: nn.Module) -> dict[str, torch.Tensor]:
    """Pair arrays with a module's parameters, which are defined in the order of execution."""
    named = {}
    for (name, parameter), array in zip(module.state_dict().items(), arrays, strict=True):
        if array.shape != tuple(parameter.shape) or array.dtype != np.float16:
            raise click.ClickException(
                f"{name}: expected float16 {tuple(parameter.shape)}, found {array.dtype} {array.shape}"
            )
        named[name] = torch.tensor(array).contiguous()
    return named


def _member(wheel: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise click.ClickException(f"{wheel} is not the wheel of MediaPipe 0.10.21: it has no {name}") from error


def convert(recipe: Recipe, wheel: Path, folder: Path) -> WeightFile:
    """Write one network's weights into the folder and describe them for the manifest."""
    content = _member(wheel, recipe.member)
    tensors = _named(_weights(Graph(content), recipe.outputs), recipe.module())
    converted = save(tensors)
    (folder / recipe.target).write_bytes(converted)
    return WeightFile(
        sha256=sha256(converted).hexdigest(),
        licence="Apache-2.0",
        source=f"{recipe.member} (sha256 {sha256(content).hexdigest()}) in the MediaPipe 0.10.21 wheel",
        recipe="scripts/convert_face_weights.py: zeros restored, kernels transposed to torch's layout, float16 kept",
    )


@click.command(help=__doc__)
@click.argument("wheel", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(wheel: Path, folder: Path) -> None:
    """Convert both networks and enter them into the folder's manifest; other entries stay."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = read_manifest(folder) if (folder / MANIFEST).exists() else {}
    entries |= {recipe.target: convert(recipe, wheel, folder) for recipe in RECIPES}
    listing = {name: asdict(entry) for name, entry in sorted(entries.items())}
    (folder / MANIFEST).write_text(json.dumps(listing, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
