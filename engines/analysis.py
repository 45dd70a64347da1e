"""The file that carries an analysis from the worker that made it to those that render."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from contracts.errors import EngineFault
from contracts.settings import SOFTWARE_ENCODER
from engines.base import Analysis, Timeline
from engines.mask import Mask

_ENGINE = "engine."
_SOURCE_INDEX = "timeline.source_index"
_MASK = "mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnalysis:
    """An analysis, the timeline it was made for, and the mask that limits what may change, of the output's size.

    Attributes:
        encoder: what every segment of the output is to be encoded with.
    """

    timeline: Timeline
    analysis: Analysis
    mask: Mask | None = None
    encoder: str = SOFTWARE_ENCODER


def save_analysis(saved: SavedAnalysis, path: Path) -> None:
    """Write one safetensors file; the same analysis gives the same bytes.

    Raises:
        OSError: when it cannot be written.
    """
    timeline = saved.timeline
    tensors = {_ENGINE + name: np.ascontiguousarray(value) for name, value in saved.analysis.tensors.items()}
    tensors[_SOURCE_INDEX] = timeline.source_index
    if saved.mask is not None:
        tensors[_MASK] = saved.mask
    plan = {
        "fps": str(timeline.fps),
        "source_fps": str(timeline.source_fps),
        "width": timeline.width,
        "height": timeline.height,
        "is_portrait": timeline.is_portrait,
        "warnings": saved.analysis.warnings,
        "encoder": saved.encoder,
    }
    # What the library raises when it writes the file itself does not tell a full disk from a wrong tensor.
    path.write_bytes(save(tensors, metadata={"plan": json.dumps(plan)}))


def load_analysis(path: Path) -> SavedAnalysis:
    """Read what `save_analysis` wrote.

    Raises:
        EngineFault: when the file is not an analysis.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            plan = json.loads(file.metadata()["plan"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        timeline = Timeline(
            fps=Fraction(plan["fps"]),
            source_fps=Fraction(plan["source_fps"]),
            width=plan["width"],
            height=plan["height"],
            source_index=tensors.pop(_SOURCE_INDEX),
            is_portrait=plan["is_portrait"],
        )
        warnings, encoder = tuple(plan["warnings"]), str(plan.get("encoder", SOFTWARE_ENCODER))
        mask = tensors.pop(_MASK, None)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise EngineFault(f"not an analysis: {path.name}") from error
    engine_tensors = {name.removeprefix(_ENGINE): value for name, value in tensors.items()}
    analysis = Analysis(tensors=engine_tensors, warnings=warnings)
    return SavedAnalysis(timeline=timeline, analysis=analysis, mask=mask, encoder=encoder)
