"""Loading from the folder as it is published, and what is said of files that are none of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from transformers.models.whisper.configuration_whisper import WhisperConfig

from contracts.errors import WeightsMissing
from engines.musetalk.engine import MuseTalkEngine
from engines.musetalk.folder import NEEDS, files_in
from engines.musetalk.networks import Networks, load_networks
from engines.needs import found_files
from tests.engines.musetalk.folders import SMALL_VAE, SMALL_WHISPER, Sizes, as_safetensors, json_text, write_folder
from tests.engines.musetalk.published import UNET_SIZES, VAE_SIZES

pytestmark = pytest.mark.unit

CPU = torch.device("cpu")
WEIGHTS = ("musetalkV15/unet.pth", "sd-vae/diffusion_pytorch_model.bin", "whisper/pytorch_model.bin")
SIZES = ("musetalkV15/musetalk.json", "sd-vae/config.json", "whisper/config.json")


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A folder of the test's own."""
    return shutil.copytree(folder, tmp_path / "musetalk")


def load(folder: Path) -> Networks:
    return load_networks(files_in(folder), CPU)


def states(networks: Networks) -> list[torch.Tensor]:
    whole = (networks.unet, networks.vae, networks.encoder)
    return [tensor for network in whole for tensor in network.state_dict().values()]


def test_the_published_names_and_containers_are_taken(folder: Path) -> None:
    networks = load(folder)

    asked = torch.load(folder / WEIGHTS[1], weights_only=True)["decoder.mid_block.attentions.0.query.weight"]
    heard = torch.load(folder / WEIGHTS[2], weights_only=True)["model.encoder.layer_norm.weight"]
    assert torch.equal(networks.vae.state_dict()["decoder.mid_block.attentions.0.to_q.weight"], asked)
    assert torch.equal(networks.encoder.state_dict()["layer_norm.weight"], heard)
    assert not any(tensor.is_meta or tensor.requires_grad for tensor in states(networks))
    assert networks.dtype is torch.float32


def test_the_other_folders_and_containers_give_the_same_networks(folder: Path, own: Path) -> None:
    for name, other in ((WEIGHTS[1], "sd-vae-ft-mse"), (WEIGHTS[2], "whisper-tiny")):
        path = own / name
        file = "model.safetensors" if "whisper" in name else "diffusion_pytorch_model.safetensors"
        as_safetensors(path, path.with_name(file))
        path.unlink()
        path.parent.rename(own / other)

    assert all(torch.equal(one, other) for one, other in zip(states(load(own)), states(load(folder)), strict=True))


def test_networks_of_half_precision_are_widened(own: Path, folder: Path) -> None:
    state = torch.load(own / WEIGHTS[0], weights_only=True)
    torch.save({name: tensor.half() for name, tensor in state.items()}, own / WEIGHTS[0])

    found, exact = load(own).unet.conv_in.weight, load(folder).unet.conv_in.weight

    assert found.dtype is torch.float32
    assert torch.allclose(found, exact, atol=1e-3)


def test_the_networks_take_over_the_memory_that_was_read(folder: Path) -> None:
    networks = load(folder)

    assert {tensor.device.type for tensor in states(networks)} == {"cpu"}
    assert torch.isfinite(torch.cat([tensor.flatten() for tensor in states(networks)])).all()


def test_every_file_is_a_need_and_what_is_published_meets_it(folder: Path) -> None:
    found = {path.relative_to(folder).as_posix() for need in NEEDS for path in found_files(need, folder)}

    assert found == {*WEIGHTS, *SIZES}


@pytest.mark.parametrize(("number", "sizes"), [(1, UNET_SIZES), (3, VAE_SIZES)])
def test_the_tests_sizes_are_those_of_the_published_configurations_to_the_byte(number: int, sizes: Sizes) -> None:
    assert NEEDS[number].sha256 == (sha256(json_text(sizes).encode()).hexdigest(),)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html><head><title>Sign in</title></head></html>")


def _other_layout(path: Path) -> None:
    torch.save({"conv_in.weight": torch.ones(3, 3)}, path)


def _absent(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (_absent, "the engine 'musetalk' lacks"),
        (_cut_short, "damaged or cut short|no checkpoint"),
        (_page, "is a web page"),
        (_other_layout, "is of another layout: it lacks"),
    ],
)
def test_weights_that_cannot_be_taken_are_named_with_cause_and_remedy(
    name: str, harm: Callable[[Path], None], cause: str, own: Path
) -> None:
    harm(own / name)

    with pytest.raises(WeightsMissing, match=cause) as fault:
        load(own)

    assert name in fault.value.message
    assert str(own) in fault.value.remedy


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "the engine 'musetalk' lacks"),
        ("{", "is damaged, or no JSON file"),
        ("<html></html>", "is damaged, or no JSON file"),
        ("[]", "is no JSON object"),
    ],
)
def test_configurations_that_cannot_be_taken_are_named(name: str, content: str | None, cause: str, own: Path) -> None:
    if content is None:
        (own / name).unlink()
    else:
        (own / name).write_text(content)

    with pytest.raises(WeightsMissing, match=cause) as fault:
        load(own)

    assert name in fault.value.message
    assert str(own) in fault.value.remedy


def test_a_configuration_of_something_else_is_named(own: Path) -> None:
    (own / SIZES[0]).write_text(json.dumps({"hidden_size": 3}))

    with pytest.raises(WeightsMissing, match="states no sizes of such a network"):
        load(own)


def test_an_auto_encoder_of_other_sizes_than_stated_is_told_as_such(own: Path) -> None:
    (own / SIZES[1]).write_text(json.dumps(SMALL_VAE | {"block_out_channels": [16, 16, 32, 32]}))

    with pytest.raises(WeightsMissing, match=r"differs in shape .* instead of"):
        load(own)


def test_a_whisper_of_another_size_is_told_as_such(tmp_path: Path) -> None:
    large = SMALL_WHISPER | {"d_model": 32}

    with pytest.raises(WeightsMissing, match=r"hears 32 numbers at a time, and .* takes 16") as fault:
        load(write_folder(tmp_path, whisper=large))

    assert "whisper-tiny" in fault.value.remedy


def test_whisper_without_its_decoder_is_taken(own: Path, folder: Path) -> None:
    state = torch.load(own / WEIGHTS[2], weights_only=True)
    prefix = "model.encoder."
    own_names = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    torch.save(own_names, own / WEIGHTS[2])

    assert WhisperConfig.from_dict(SMALL_WHISPER).d_model == load(own).encoder.config.d_model
    assert torch.equal(load(own).encoder.conv1.weight, load(folder).encoder.conv1.weight)


def test_what_lists_engines_does_not_wait_for_their_libraries() -> None:
    code = (
        "import sys; from engines.musetalk.engine import MuseTalkEngine; print(MuseTalkEngine.info.name);"
        "print(sorted({'diffusers', 'transformers'} & set(sys.modules)))"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.split("\n")[:2] == [MuseTalkEngine.info.name, "[]"]
