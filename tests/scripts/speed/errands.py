"""What `scripts.speed.apart` is tried with."""

import os

import numpy as np

from scripts.speed.apart import Numbers, Ready


def doubled(number: float, ready: Ready) -> Numbers:
    """Takes 80 MiB, and half a second of work in which whoever watches looks several times."""
    ready()
    taken = np.ones(10 << 20)
    done_s = os.times().user + 0.5
    while os.times().user < done_s:
        taken *= 1.0
    return {"doubled": 2 * number, "taken": float(taken[-1])}


def failing(_task: object, ready: Ready) -> Numbers:
    ready()
    raise LookupError("nothing there")


def dying(_task: object, ready: Ready) -> Numbers:
    ready()
    os._exit(3)
