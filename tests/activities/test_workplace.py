from pathlib import Path

import pytest

from activities.workplace import Workplace
from contracts.settings import Settings
from storage.blobs import LocalBlobs
from storage.cache import BlobCache

pytestmark = pytest.mark.unit


def test_a_scratch_folder_is_gone_after_its_attempt(workplace: Workplace) -> None:
    with workplace.scratch("job1") as folder:
        (folder / "video").write_bytes(b"x")

    assert not folder.exists()


def test_a_scratch_folder_is_gone_after_an_attempt_that_failed(workplace: Workplace) -> None:
    with pytest.raises(RuntimeError), workplace.scratch("job1") as folder:
        raise RuntimeError

    assert not folder.exists()


def test_two_attempts_at_once_have_folders_of_their_own(workplace: Workplace) -> None:
    with workplace.scratch("job1") as one, workplace.scratch("job1") as other:
        assert one != other


def test_a_sweep_removes_what_dead_attempts_left_and_nothing_of_living_ones(workplace: Workplace) -> None:
    with workplace.scratch("job1") as living:
        (living / "video").write_bytes(b"x")
        dead = living.with_name("job1.dead")
        dead.mkdir()
        (dead / "video").write_bytes(b"x")

        workplace.sweep("job1")

        assert (living / "video").exists()
        assert not dead.exists()


def test_a_sweep_of_a_job_without_scratch_does_nothing(workplace: Workplace) -> None:
    workplace.sweep("job1")

    assert not (workplace.settings.data_dir / "scratch").exists()


def test_blobs_that_are_read_in_a_scratch_folder_are_lent_to_it(settings: Settings, tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 1, lambda: None)
    workplace = Workplace(settings=settings, blobs=LocalBlobs(tmp_path / "blobs"))

    with workplace.scratch("job1") as folder:
        inside = cache.get("aa1", Path.touch)
    outside = cache.get("bb1", Path.touch)

    assert inside.parent == folder
    assert outside.parent == tmp_path / "cache"
