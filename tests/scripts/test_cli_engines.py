"""Engines as an operator meets them: what is listed, and what is said of files that cannot be used."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from contracts.errors import WeightsMissing
from contracts.settings import Settings, environment
from engines.registry import names
from scripts.cli import cli
from scripts.render import render_file
from tests.engines.musetalk.folders import write_folder
from tests.engines.prepared import ENGINES

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
PAGE = "<!DOCTYPE html><html><title>Google Drive - Virus scan warning</title></html>"
#: The file of each engine that is spoilt.
FILES = {"wav2lip": "any.pth", "musetalk": "musetalkV15/unet.pth"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path / "models", accept_licences=frozenset({"wav2lip"}), device="cpu")


@pytest.fixture(params=sorted(FILES))
def engine(request: pytest.FixtureRequest, settings: Settings) -> str:
    """An engine whose files are all there."""
    name: str = request.param
    (folder := settings.models_dir / name).mkdir(parents=True)
    ENGINES[name](folder)
    return name


def refusal(engine: str, settings: Settings) -> WeightsMissing:
    with pytest.raises(WeightsMissing) as told:
        render_file(
            SAMPLES / "portrait.png",
            SAMPLES / "voice-austen.wav",
            settings.models_dir / "out.mp4",
            engine=engine,
            settings=settings,
        )
    return told.value


def spoilt(engine: str, settings: Settings) -> Path:
    return settings.models_dir / engine / FILES[engine]


def test_a_missing_file_is_named_with_where_to_get_it(engine: str, settings: Settings) -> None:
    spoilt(engine, settings).unlink()

    fault = refusal(engine, settings)

    assert f"the engine '{engine}' lacks " in fault.message
    assert "github.com" in fault.remedy or "huggingface.co" in fault.remedy
    assert fault.remedy.endswith((f"Put it into {(place := settings.models_dir / engine)}.", f"Put them into {place}."))


def test_a_web_page_saved_as_a_checkpoint_is_told(engine: str, settings: Settings) -> None:
    spoilt(engine, settings).write_text(PAGE, encoding="utf-8")

    fault = refusal(engine, settings)

    assert fault.message.endswith(f"/{spoilt(engine, settings).name} is a web page, not a checkpoint")
    assert "download the file itself with a browser" in fault.remedy
    assert str(spoilt(engine, settings)) in fault.remedy


def test_a_file_cut_short_is_told(engine: str, settings: Settings) -> None:
    path = spoilt(engine, settings)
    path.write_bytes(path.read_bytes()[:-5000])

    fault = refusal(engine, settings)

    assert fault.message.endswith(f"/{path.name} is damaged or cut short")
    assert "compare its size and SHA-256" in fault.remedy


def test_a_network_of_another_kind_is_told(engine: str, settings: Settings) -> None:
    torch.save({"conv1_1.weight": torch.zeros(64, 3, 3, 3)}, spoilt(engine, settings))

    fault = refusal(engine, settings)

    assert spoilt(engine, settings).name in fault.message
    assert any(word in fault.message for word in ("looks like the face detector", "of another layout"))
    assert str(spoilt(engine, settings)) in fault.remedy


def test_the_list_tells_what_each_engine_lacks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOUTHPIECE_MODELS_DIR", str(settings.models_dir))

    listed = CliRunner().invoke(cli, ["engines"])

    assert listed.exit_code == 0, listed.output
    rows = {line.split()[0]: line for line in listed.output.splitlines()[1:] if line and not line.startswith(" ")}
    assert set(names()) <= set(rows)
    assert rows["articulate"].split()[1] == "default"
    assert "not ready" in rows["wav2lip"] or "terms" in rows["wav2lip:"]
    assert "If you may use them so, set MOUTHPIECE_ACCEPT_LICENCES=wav2lip." in listed.output


def test_one_engine_is_told_with_its_files_and_loaded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(settings.models_dir / "musetalk")
    monkeypatch.setenv("MOUTHPIECE_MODELS_DIR", str(settings.models_dir))

    told = CliRunner().invoke(cli, ["engines", "musetalk"])

    assert told.exit_code == 0, told.output
    assert told.output.count("sha256") == 6
    assert "none of the published files known here" in told.output
    assert "licence: MIT" in told.output
    assert told.output.rstrip().endswith("loads: ready")


def test_a_file_that_cannot_be_read_is_told_as_such(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(settings.models_dir / "musetalk")
    configuration = settings.models_dir / "musetalk" / "musetalkV15" / "musetalk.json"
    configuration.unlink()
    # Nobody can read its first page, root neither.
    configuration.symlink_to("/proc/self/mem")
    monkeypatch.setenv("MOUTHPIECE_MODELS_DIR", str(settings.models_dir))

    told = CliRunner().invoke(cli, ["engines", "musetalk"])

    assert f"{configuration}: cannot be read: Input/output error" in told.output
    assert isinstance(told.exception, SystemExit), told.exception


def test_the_command_says_it_in_a_line_and_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.cli", "render", "--engine", "musetalk", "-o", str(tmp_path / "out.mp4")]
    media = ["--image", str(SAMPLES / "portrait.png"), "--audio", str(SAMPLES / "voice-austen.wav")]

    ran = subprocess.run(
        [*command, *media],
        cwd=ROOT,
        env=environment() | {"MOUTHPIECE_MODELS_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode != 0
    said = ran.stderr.splitlines()[-1]
    assert "the engine 'musetalk' lacks the UNet" in said
    assert "Get the UNet and the UNet's configuration from https://huggingface.co/TMElyralab/MuseTalk." in said
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []
