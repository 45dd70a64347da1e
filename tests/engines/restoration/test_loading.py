"""Which enhancement a folder gives, and what is said of a folder that gives none."""

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from spandrel.architectures.Compact import Compact

from contracts.errors import WeightsMissing
from engines.restoration.built_in import BuiltIn
from engines.restoration.loading import load_enhancer

pytestmark = pytest.mark.unit

CPU = torch.device("cpu")


def _fault(folder: Path) -> WeightsMissing:
    with pytest.raises(WeightsMissing) as raised:
        load_enhancer(CPU, folder)
    assert raised.value.remedy
    return raised.value


def test_the_built_in_enhancement_is_taken_without_a_folder(tmp_path: Path) -> None:
    assert isinstance(load_enhancer(CPU, tmp_path / "absent"), BuiltIn)


def test_notes_and_hidden_files_are_no_checkpoints(tmp_path: Path) -> None:
    (tmp_path / "LICENCE.txt").write_text("free")
    (tmp_path / ".keep").touch()

    assert isinstance(load_enhancer(CPU, tmp_path), BuiltIn)


def test_several_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "GFPGANv1.3.pth").write_bytes(b"1")
    (tmp_path / "GFPGANv1.4.pth").write_bytes(b"1")

    fault = _fault(tmp_path)

    assert fault.message == f"{tmp_path} holds 2 files: GFPGANv1.3.pth, GFPGANv1.4.pth"
    assert "Leave the one checkpoint" in fault.remedy


def test_a_web_page_is_told_from_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "GFPGANv1.4.pth").write_text("<!DOCTYPE html><html>sign in</html>")

    assert "GFPGANv1.4.pth is a web page, not a checkpoint" in _fault(tmp_path).message


def test_a_checkpoint_cut_short_is_named(tmp_path: Path) -> None:
    path = tmp_path / "GFPGANv1.4.pth"
    torch.save({"params_ema": {"conv_body_first.weight": torch.zeros(64, 3, 1, 1)}}, path)
    path.write_bytes(path.read_bytes()[:-300])

    assert "GFPGANv1.4.pth is damaged or cut short" in _fault(tmp_path).message


def test_tensors_of_no_known_network_are_refused(tmp_path: Path) -> None:
    save_file({"some.weight": torch.zeros(2)}, tmp_path / "other.safetensors")

    fault = _fault(tmp_path)

    assert "other.safetensors is of no network that restores faces" in fault.message
    assert "GFPGAN, RestoreFormer or CodeFormer" in fault.remedy


def test_an_upscaler_of_whole_pictures_is_refused_by_its_name(tmp_path: Path) -> None:
    upscaler = Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2, act_type="prelu")
    torch.save({"params": upscaler.state_dict()}, tmp_path / "upscaler.pth")

    fault = _fault(tmp_path)

    assert "upscaler.pth is a RealESRGAN Compact network, which does not restore faces" in fault.message


def test_a_network_that_lacks_tensors_is_refused(tmp_path: Path) -> None:
    some = {"toRGB.0.weight": torch.zeros(1), "stylegan_decoder.style_mlp.1.weight": torch.zeros(1)}
    torch.save({"params_ema": some}, tmp_path / "GFPGANv1.pth")

    fault = _fault(tmp_path)

    assert "GFPGANv1.pth is incomplete, or of another layout than its names say" in fault.message
    assert len(fault.message) < 500


def test_codeformer_without_its_package_is_told_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spandrel_extra_arches", None)
    torch.save({"params_ema": {"idx_pred_layer.1.weight": torch.zeros(1)}}, tmp_path / "codeformer.pth")

    fault = _fault(tmp_path)

    assert "codeformer.pth is a CodeFormer network" in fault.message
    assert "Install spandrel_extra_arches" in fault.remedy
    assert "no commercial use" in fault.remedy


PACKAGE = """
from spandrel import ArchSupport, Architecture, ImageModelDescriptor, MAIN_REGISTRY
from torch import nn


class Drawn(nn.Module):
    def __init__(self):
        super().__init__()
        self.idx_pred_layer = nn.Sequential(nn.Identity(), nn.Linear(1, 1, bias=False))

    def forward(self, face, weight):
        return (face * weight,)


class CodeFormer(Architecture):
    def __init__(self):
        super().__init__(id="CodeFormer", detect=lambda state: "idx_pred_layer.1.weight" in state)

    def load(self, state):
        return ImageModelDescriptor(
            Drawn(), state, architecture=self, purpose="FaceSR", tags=[], supports_half=False,
            supports_bfloat16=False, scale=1, input_channels=3, output_channels=3,
        )


EXTRA_REGISTRY = MAIN_REGISTRY.__class__()
EXTRA_REGISTRY.add(ArchSupport.from_architecture(CodeFormer()))
"""


def test_codeformer_is_loaded_where_its_package_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "spandrel_extra_arches.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    monkeypatch.delitem(sys.modules, "spandrel_extra_arches", raising=False)
    (tmp_path / "restoration").mkdir()
    torch.save(
        {"params_ema": {"idx_pred_layer.1.weight": torch.zeros(1, 1)}}, tmp_path / "restoration" / "codeformer.pth"
    )

    enhancer = load_enhancer(CPU, tmp_path / "restoration")

    assert enhancer.summary == "CodeFormer: restores the face (S-Lab License 1.0: no commercial use)"
