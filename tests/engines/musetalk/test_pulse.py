"""Signs of life from within a network."""

import pytest
import torch
from torch import nn

from engines.musetalk.pulse import Pulse

pytestmark = pytest.mark.unit


class Stopped(Exception):
    """What a cancelled job raises."""


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(18, 2))


def test_each_layer_gives_a_sign_of_life() -> None:
    beats: list[int] = []
    pulse, given = Pulse(layers := network()), torch.zeros(1, 1, 5, 5)

    with pulse.during(lambda: beats.append(1)):
        layers(given)
    layers(given)

    assert len(beats) == 2


def test_what_a_sign_of_life_raises_stops_the_network_and_not_the_next_run() -> None:
    pulse, given = Pulse(layers := network()), torch.zeros(1, 1, 5, 5)

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped), pulse.during(stop):
        layers(given)
    assert layers(given).shape == (1, 2)
