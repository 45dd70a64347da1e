"""Loading an engine's weights."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

from contracts.errors import WeightsMissing
from engines.weights import MANIFEST, SCALE, load_weights, read_manifest

pytestmark = pytest.mark.unit

ENGINES = Path(__file__).resolve().parents[2] / "engines"
NAME = "line.safetensors"


def store(folder: Path, content: bytes, digest: str | None = None) -> None:
    (folder / NAME).write_bytes(content)
    entry = {
        "sha256": digest or sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "source": "a test",
        "recipe": "by hand",
    }
    (folder / MANIFEST).write_text(json.dumps({NAME: entry}), encoding="utf-8")


def line_weights() -> bytes:
    return save({"weight": torch.tensor([[2.0]]).half(), "bias": torch.tensor([0.5]).half()})


def test_values_stored_as_float16_are_used_as_float32(tmp_path: Path) -> None:
    store(tmp_path, line_weights())
    line = nn.Linear(1, 1)
    load_weights(line, tmp_path, NAME)
    assert line.weight.dtype == torch.float32
    assert line(torch.tensor([3.0])).item() == 6.5


def test_rows_stored_as_int8_get_their_scale(tmp_path: Path) -> None:
    stored = {
        "weight": torch.tensor([[100, -4]], dtype=torch.int8),
        "weight" + SCALE: torch.tensor([0.5]).half(),
        "bias": torch.tensor([1.0]).half(),
    }
    store(tmp_path, save(stored))
    line = nn.Linear(2, 1)
    load_weights(line, tmp_path, NAME)
    assert line(torch.tensor([1.0, 1.0])).item() == 49.0


def test_a_loaded_network_is_ready_for_inference(tmp_path: Path) -> None:
    store(tmp_path, line_weights())
    line = nn.Linear(1, 1)
    load_weights(line, tmp_path, NAME)
    assert not line.training
    assert not line.weight.requires_grad


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    store(tmp_path, line_weights(), digest="0" * 64)
    with pytest.raises(WeightsMissing, match="differs from its manifest"):
        load_weights(nn.Linear(1, 1), tmp_path, NAME)


def test_an_absent_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    store(tmp_path, line_weights())
    (tmp_path / NAME).unlink()
    with pytest.raises(WeightsMissing, match=NAME) as caught:
        load_weights(nn.Linear(1, 1), tmp_path, NAME)
    assert caught.value.remedy


def test_a_file_that_the_manifest_does_not_list_is_refused(tmp_path: Path) -> None:
    store(tmp_path, line_weights())
    with pytest.raises(WeightsMissing, match=r"other\.safetensors is not in the manifest"):
        load_weights(nn.Linear(1, 1), tmp_path, "other.safetensors")


@pytest.mark.parametrize("network", [nn.Linear(2, 1), nn.Linear(1, 1, bias=False), nn.PReLU()])
def test_tensors_that_do_not_fit_the_network_are_refused(tmp_path: Path, network: nn.Module) -> None:
    store(tmp_path, line_weights())
    with pytest.raises(WeightsMissing, match="does not fit"):
        load_weights(network, tmp_path, NAME)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"line.safetensors": {"sha256": "0"}}'])
def test_an_unreadable_manifest_is_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(WeightsMissing, match="manifest"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("package", ["articulate", "people"])
def test_every_weight_file_that_ships_matches_its_manifest(package: str) -> None:
    folder = ENGINES / package / "weights"
    listed = read_manifest(folder)
    assert {path.name for path in folder.glob("*.safetensors")} == set(listed)
    for name, entry in listed.items():
        assert sha256((folder / name).read_bytes()).hexdigest() == entry.sha256
        assert name in (folder / "NOTICE.md").read_text(encoding="utf-8")
