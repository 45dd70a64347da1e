import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from contracts.engines import EngineInfo, Need, read_states, write_states
from contracts.errors import EngineFault, EngineUnknown, WeightsMissing
from contracts.settings import Settings
from engines.needs import found_files
from engines.registry import choose_device, load, names, state

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]


def test_the_engine_that_comes_along_is_installed() -> None:
    assert "articulate" in names()
    assert names() == sorted(names())


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(EngineUnknown, match=r"^no engine named 'articulat'$") as refusal:
        load("articulat", Settings())

    assert "articulate" in refusal.value.remedy


def test_an_engine_of_another_package_is_found_by_its_entry_point() -> None:
    code = (
        "import sys; from contracts.settings import Settings; from engines.registry import load, names;"
        "assert 'trivial_engine' not in sys.modules;"
        "print('trivial' in names(), load('trivial', Settings()).info.name)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "trivial_engine")}

    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    assert run.stdout.strip() == "True trivial", run.stderr


def test_a_device_can_be_named_or_left_to_the_machine() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.fixture
def demanding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installed engine `demanding` that needs a file and has terms."""
    package = tmp_path / "demanding-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: demanding\nVersion: 1.0\n", encoding="utf-8")
    entry = "[mouthpiece.engines]\ndemanding = tests.engines.test_registry:Demanding\n"
    entry += "wrong = tests.engines.test_registry:NEED\n"
    entry += "sloppy = tests.engines.test_registry:Sloppy\n"
    entry += "astray = tests.engines.test_registry:Astray\n"
    (package / "entry_points.txt").write_text(entry, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Settings(models_dir=tmp_path / "models", accept_licences=frozenset({"demanding"}))


NEED = Need(what="the network", paths=("*.pth", "*.safetensors"), licence="MIT", source="its publisher's page")


class Demanding:
    info = EngineInfo(name="demanding", summary="", licence="", notice="for research only", needs=(NEED,))

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def load(cls, device: torch.device, folder: Path) -> "Demanding":
        return cls(folder)


class Sloppy:
    info = EngineInfo(name="sloppy", summary="", licence="", needs=[NEED])  # type: ignore[arg-type]


class Astray:
    info = EngineInfo(name="astray", summary="", licence="", needs=(replace(NEED, paths=("/srv/*.pth",)),))


def test_an_engine_gets_the_folder_that_its_files_are_in(demanding: Settings) -> None:
    folder = demanding.models_dir / "demanding"
    folder.mkdir(parents=True)
    (folder / "any.safetensors").touch()

    engine = load("demanding", demanding)

    assert isinstance(engine, Demanding)
    assert engine.folder == folder
    assert state("demanding", demanding).fault == ""
    assert found_files(NEED, folder) == [folder / "any.safetensors"]


def test_a_missing_file_is_told_with_its_place_and_where_to_get_it(demanding: Settings) -> None:
    with pytest.raises(WeightsMissing) as refusal:
        load("demanding", demanding)

    assert str(refusal.value) == "the engine 'demanding' lacks the network (*.pth or *.safetensors)"
    folder = demanding.models_dir / "demanding"
    assert refusal.value.remedy == f"Get the network from its publisher's page. Put it into {folder}."
    assert state("demanding", demanding).fault == str(refusal.value)


def test_terms_have_to_be_accepted_first(demanding: Settings) -> None:
    settings = Settings(models_dir=demanding.models_dir, accept_licences=frozenset({"another"}))

    with pytest.raises(WeightsMissing, match=r"terms of the weights .* for research only") as refusal:
        load("demanding", settings)

    assert "MOUTHPIECE_ACCEPT_LICENCES=another,demanding" in refusal.value.remedy


def test_an_entry_point_that_is_no_engine_is_told(demanding: Settings) -> None:
    with pytest.raises(EngineFault, match="its entry point is no class"):
        load("wrong", demanding)

    assert "entry point" in state("wrong", demanding).fault


def test_an_engine_that_could_not_be_told_of_is_named_and_hides_no_other(demanding: Settings) -> None:
    with pytest.raises(EngineFault, match="'sloppy' does not load: a field of its `info` is of another type"):
        load("sloppy", demanding)

    told = (state("sloppy", demanding), state("articulate", demanding))

    assert told[0].info is None
    assert read_states(write_states(told)) == told


def test_files_that_lie_elsewhere_are_the_packages_fault(demanding: Settings) -> None:
    assert "'astray' needs a file by no path below its folder" in state("astray", demanding).fault


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 300)

    with pytest.raises(WeightsMissing, match="cannot be read: File name too long") as fault:
        found_files(NEED, folder)

    assert str(folder) in fault.value.remedy
