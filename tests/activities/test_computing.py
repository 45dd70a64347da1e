from collections.abc import Iterator
from dataclasses import replace

import cv2
import pytest
import torch

from activities.computing import device_faults, open_engines
from contracts.errors import EngineMemory
from contracts.settings import Settings

pytestmark = pytest.mark.unit


@pytest.fixture
def threads_as_before() -> Iterator[None]:
    of_networks, of_pictures = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(of_networks)
    cv2.setNumThreads(of_pictures)


@pytest.mark.usefixtures("threads_as_before")
def test_networks_and_pictures_use_as_many_threads_as_the_settings_say(settings: Settings) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)

    open_engines(replace(settings, torch_threads=2, device="cpu"))

    assert (torch.get_num_threads(), cv2.getNumThreads()) == (2, 2)


def test_a_machine_without_memory_for_a_network_is_told_as_such() -> None:
    with pytest.raises(EngineMemory), device_faults():
        torch.empty(1 << 47, dtype=torch.uint8)


def test_other_faults_of_a_network_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="size of tensor"), device_faults():
        torch.ones(2) + torch.ones(3)
