"""A Piper voice small enough to be made by a test: each number of its input sounds for two frames."""

import json
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

RATE = 16_000
FRAMES_A_NUMBER = 2
FRAME_SAMPLES = 256


def write_piper(folder: Path, name: str = "tiny", /, **config: object) -> Path:
    """Write a voice that reads letters, and its configuration; return the model's path."""
    model = folder / f"{name}.onnx"
    onnx.save(_network(), str(model))
    letters = {letter: [number] for number, letter in enumerate("_^$ abcdefghijklmnopqrstuvwxyz.,ˈəʊ")}
    said: dict[str, object] = {
        "audio": {"sample_rate": RATE},
        "language": {"code": "en_GB"},
        "phoneme_type": "text",
        "phoneme_id_map": letters,
        "espeak": {"voice": "en-gb"},
        "inference": {"noise_scale": 0.0, "length_scale": 1, "noise_w": 0.0},
        "num_speakers": 1,
    }
    model.with_name(model.name + ".json").write_text(json.dumps(said | config), encoding="utf-8")
    return model


def _network() -> onnx.ModelProto:
    """numbers (1, N) -> a square wave (1, 1, 1, N * 512), with each number's frames as an inner result."""
    period = np.tile(np.array([0.5, -0.5], np.float32), FRAMES_A_NUMBER * FRAME_SAMPLES // 2)
    constants: dict[str, NDArray[np.generic]] = {
        "zero": np.zeros((), np.float32),
        "frames": np.array(FRAMES_A_NUMBER - 0.5, np.float32),
        "period": period[None],
        "column": np.array([-1, 1], np.int64),
        "flat": np.array([1, 1, 1, -1], np.int64),
        "one": np.ones((), np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["input"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "zero"], ["nought"]),
        helper.make_node("Add", ["nought", "frames"], ["wanted"]),
        helper.make_node("Ceil", ["wanted"], ["/Ceil_output_0"]),
        helper.make_node("Add", ["nought", "one"], ["ones"]),
        helper.make_node("Reshape", ["ones", "column"], ["rows"]),
        helper.make_node("MatMul", ["rows", "period"], ["waves"]),
        helper.make_node("Reshape", ["waves", "flat"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, "n"]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
