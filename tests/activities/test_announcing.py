import time
from pathlib import Path

import pytest

from activities.announcing import announce
from contracts.settings import Settings
from engines.registry import names
from storage.announcements import Announcements
from storage.blobs import open_blobs

pytestmark = pytest.mark.unit


def test_every_installed_engine_is_announced_with_how_it_stands(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, models_dir=tmp_path / "models")

    announce(settings)

    (states,) = Announcements(open_blobs(settings)).fresh(time.time())
    assert [state.name for state in states] == names()
    faults = {state.name: state.fault for state in states}
    assert faults["articulate"] == ""
    assert "not accepted" in faults["wav2lip"]


def test_a_file_that_was_put_in_place_is_seen_the_next_time(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, models_dir=tmp_path / "models", accept_licences=frozenset({"wav2lip"}))
    announce(settings)
    (folder := tmp_path / "models" / "wav2lip").mkdir(parents=True)
    (folder / "any.pth").touch()

    announce(settings)

    (states,) = Announcements(open_blobs(settings)).fresh(time.time())
    assert {state.name: state.fault for state in states}["wav2lip"] == ""
