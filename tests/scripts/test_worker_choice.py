"""Which queues a host polls when none are named, and how its engines share it."""

import os
from pathlib import Path

import pytest
import torch

from contracts.settings import Settings
from contracts.steps import Queue
from scripts.worker_choice import NothingInCommon, choose, engine_environs

pytestmark = pytest.mark.unit


def _taken(settings: Settings) -> set[Queue]:
    return {choice.queue for choice in choose(settings) if choice.is_taken}


def _why(settings: Settings, queue: Queue) -> str:
    return next(choice.why for choice in choose(settings) if choice.queue is queue)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four GPUs, as torch sees them."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)


def test_the_host_of_the_records_polls_every_queue(tmp_path: Path) -> None:
    (tmp_path / "records.db").touch()

    assert _taken(Settings(data_dir=tmp_path)) == set(Queue)


def test_a_host_with_the_bucket_alone_leaves_the_records_to_others(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, s3_bucket="media")

    assert _taken(settings) == {Queue.FLOW, Queue.GPU, Queue.IO}
    assert _why(settings, Queue.CONTROL) == f"records.db is not in {tmp_path}"


def test_a_host_that_shares_no_files_with_the_service_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(NothingInCommon, match="shares no files") as fault:
        choose(Settings(data_dir=tmp_path))

    assert "MOUTHPIECE_S3_BUCKET" in fault.value.remedy


def test_a_host_without_the_gpu_that_is_asked_for_takes_no_engine_work(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, s3_bucket="media", device="cuda")

    assert _taken(settings) == {Queue.FLOW, Queue.IO}
    assert "no GPU" in _why(settings, Queue.GPU)


def test_a_host_without_the_default_engine_s_files_takes_no_engine_work(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, s3_bucket="media", models_dir=tmp_path, engine="wav2lip")

    assert _taken(settings) == {Queue.FLOW, Queue.IO}
    assert "wav2lip" in _why(settings, Queue.GPU)


@pytest.mark.parametrize(("cores", "engines"), [(1, 1), (2, 1), (7, 3), (16, 8)])
def test_on_a_cpu_each_two_cores_have_an_engine(monkeypatch: pytest.MonkeyPatch, cores: int, engines: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))

    assert engine_environs(Settings(device="cpu"), {}, None) == [{}] * engines


def test_each_gpu_has_an_engine_that_sees_no_other(gpus: None) -> None:
    environs = engine_environs(Settings(), {}, None)

    assert [own["CUDA_VISIBLE_DEVICES"] for own in environs] == ["0", "1", "2", "3"]


def test_gpus_that_are_hidden_from_the_command_are_hidden_from_its_engines(gpus: None) -> None:
    environs = engine_environs(Settings(), {"CUDA_VISIBLE_DEVICES": "2, GPU-0a1b"}, None)

    assert [own["CUDA_VISIBLE_DEVICES"] for own in environs] == ["2", "GPU-0a1b"]


def test_more_engines_than_gpus_share_them_in_turn(gpus: None) -> None:
    environs = engine_environs(Settings(), {"CUDA_VISIBLE_DEVICES": "0,1"}, 3)

    assert [own["CUDA_VISIBLE_DEVICES"] for own in environs] == ["0", "1", "0"]


def test_no_gpu_is_taken_by_engines_that_are_to_compute_on_the_cpu(gpus: None) -> None:
    assert engine_environs(Settings(device="cpu"), {}, 2) == [{}, {}]
