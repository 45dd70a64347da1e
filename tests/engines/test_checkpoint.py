"""Checkpoints in every container they are published in, and files that are none."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from contracts.errors import WeightsMissing
from engines.checkpoint import fit, read_tensors

pytestmark = pytest.mark.unit

State = dict[str, Tensor]


class Network(nn.Module):
    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, width, 3), nn.BatchNorm2d(width))
        self.last = nn.Linear(width, 2)

    def forward(self, given: Tensor) -> Tensor:
        made: Tensor = self.last(self.first(given).mean(dim=(2, 3)))
        return made


@pytest.fixture
def state() -> State:
    torch.manual_seed(5)
    return Network().state_dict()


def _bare(state: State, path: Path) -> None:
    torch.save(state, path)


def _training(state: State, path: Path) -> None:
    prefixed = {f"module.{name}": value for name, value in state.items()}
    torch.save({"state_dict": prefixed, "optimizer": {"state": {0: torch.ones(2)}}, "global_step": 7}, path)


def _averaged(state: State, path: Path) -> None:
    last = {name: value + 1 for name, value in state.items()}
    torch.save({"params": last, "params_ema": state}, path)


def _last(state: State, path: Path) -> None:
    torch.save({"params": state}, path)


def _plain_file(state: State, path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


def _safetensors(state: State, path: Path) -> None:
    save_file(state, path)


def _traced(state: State, path: Path) -> None:
    network = Network().eval()
    network.load_state_dict(state)
    torch.jit.trace(network, torch.zeros(1, 1, 5, 5)).save(str(path))  # type: ignore[no-untyped-call]


def _scripted(state: State, path: Path) -> None:
    network = Network().eval()
    network.load_state_dict(state)
    torch.jit.script(network).save(str(path))  # type: ignore[no-untyped-call]


CONTAINERS = [_bare, _training, _averaged, _last, _plain_file, _safetensors, _traced, _scripted]


@pytest.mark.filterwarnings(r"ignore:.*torch\.jit:FutureWarning")
@pytest.mark.parametrize("save", CONTAINERS)
def test_every_container_gives_the_tensors_under_the_networks_names(
    save: Callable[[State, Path], None], state: State, tmp_path: Path
) -> None:
    save(state, tmp_path / "network.pth")

    found = read_tensors(tmp_path / "network.pth")

    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], value) for name, value in state.items())


@pytest.mark.filterwarnings(r"ignore:.*torch\.jit:FutureWarning")
@pytest.mark.parametrize("save", CONTAINERS)
def test_a_file_cut_short_is_told_as_such(save: Callable[[State, Path], None], state: State, tmp_path: Path) -> None:
    path = tmp_path / "network.pth"
    save(state, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(WeightsMissing, match=r"damaged|no checkpoint") as fault:
        read_tensors(path)

    assert "again" in fault.value.remedy


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html><title>Sign in</title>", "is a web page"),
        (b"<HTML>", "is a web page"),
        (bytes(range(256)) * 40, "is no checkpoint"),
        (b"PK\x03\x04" + bytes(500), "damaged or cut short|is no checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_told_with_its_name_and_a_remedy(content: bytes, cause: str, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(content)

    with pytest.raises(WeightsMissing, match=cause) as fault:
        read_tensors(tmp_path / "w.pth")

    assert f"{tmp_path.name}/w.pth" in fault.value.message
    assert str(tmp_path / "w.pth") in fault.value.remedy
    assert fault.value.remedy


def test_a_file_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="No such file") as fault:
        read_tensors(tmp_path / "w.pth")

    assert str(tmp_path / "w.pth") in fault.value.remedy


class Touch:
    """Leaves a file behind when it is unpickled by whoever lets it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[[str, int], int], tuple[str, int]]:
        return os.open, (str(self._path), os.O_CREAT)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(1), "b": Touch(tmp_path / "ran")}}, tmp_path / "w.pth")

    with pytest.raises(WeightsMissing, match="more than tensors"):
        read_tensors(tmp_path / "w.pth")

    assert not (tmp_path / "ran").exists()


def test_nothing_in_a_torchscript_archive_is_run(tmp_path: Path) -> None:
    torch.save(Touch(tmp_path / "ran"), tmp_path / "plain.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth") as plain, zipfile.ZipFile(tmp_path / "w.pt", "w") as scripted:
        tree = next(name for name in plain.namelist() if name.endswith("/data.pkl"))
        scripted.writestr(tree, plain.read(tree))
        scripted.writestr(tree.replace("data.pkl", "constants.pkl"), b"")

    with pytest.raises(WeightsMissing, match="more than tensors"):
        read_tensors(tmp_path / "w.pt")

    assert not (tmp_path / "ran").exists()


def test_a_network_takes_the_values_whole_or_halved(state: State, tmp_path: Path) -> None:
    network = Network()

    fit(
        network, {name: value.half() if value.is_floating_point() else value for name, value in state.items()}, tmp_path
    )

    assert not network.training
    assert network.last.weight.dtype is torch.float32
    assert torch.allclose(network.last.weight, state["last.weight"], atol=1e-3)


def test_a_checkpoint_of_another_layout_is_refused_with_what_differs(state: State, tmp_path: Path) -> None:
    other = Network(width=4).state_dict() | {"more": torch.ones(1)}
    del other["last.bias"]

    with pytest.raises(WeightsMissing) as fault:
        fit(Network(), other, tmp_path / "w.pth")

    said = fault.value.message
    assert "lacks 1 tensors (last.bias)" in said
    assert "has beside them 1 tensors (more)" in said
    assert "first.0.weight is 4x1x3x3 instead of 3x1x3x3" in said


@pytest.mark.parametrize("value", [torch.ones(2, dtype=torch.int64), torch.ones(2, dtype=torch.complex64)])
def test_values_that_are_no_weights_are_refused_with_what_they_are(value: Tensor, state: State, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing) as fault:
        fit(Network(), state | {"last.bias": value}, tmp_path / "w.pth")

    kind = str(value.dtype).removeprefix("torch.")
    assert f"it differs in kind 1 tensors (last.bias is {kind} instead of float32)" in fault.value.message


def test_tensors_without_values_are_refused(tmp_path: Path) -> None:
    torch.save(Network().to("meta").state_dict(), tmp_path / "w.pth")

    with pytest.raises(WeightsMissing, match=r"^.*w\.pth holds tensors without values$"):
        read_tensors(tmp_path / "w.pth")


@pytest.mark.parametrize("more", [(), ("constants.pkl",)])
def test_an_archive_that_unpacks_to_more_than_its_size_is_not_unpacked(more: tuple[str, ...], tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(100_000)}, tmp_path / "plain.pth")
    kind = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(tmp_path / "plain.pth") as plain, zipfile.ZipFile(tmp_path / "w.pth", "w", kind) as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
        for name in more:
            packed.writestr(f"plain/{name}", b"")

    with pytest.raises(WeightsMissing, match="damaged or cut short") as fault:
        read_tensors(tmp_path / "w.pth")

    assert "unpacks to" in str(fault.value.__cause__)


def test_tensors_of_a_torchscript_archive_take_no_more_than_its_storages(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1).expand(10**6, 10**6)}, tmp_path / "plain.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth", "a") as archive:
        archive.writestr("plain/constants.pkl", b"")

    tensors = read_tensors(tmp_path / "plain.pth")

    assert tensors["a"].shape == (10**6, 10**6)
    assert tensors["a"].untyped_storage().nbytes() == 4


def test_modules_that_hold_one_another_without_end_are_refused(tmp_path: Path) -> None:
    # Forty modules, each with the next one in it twice: 2**40 names.
    nested = b"\x80\x02" + b"c__torch__\nM\n)\x81}b" + b"q\x01"
    for _ in range(40):
        nested += b"0c__torch__\nM\n)\x81}(X\x01\x00\x00\x00ah\x01X\x01\x00\x00\x00bh\x01ubq\x01"
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("w/data.pkl", nested + b".")
        archive.writestr("w/constants.pkl", b"")

    with pytest.raises(WeightsMissing, match="damaged") as fault:
        read_tensors(tmp_path / "w.pt")

    assert "without end" in str(fault.value.__cause__)
