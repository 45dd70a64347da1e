"""What `scripts.speed.apart` is tried with."""

import os

import numpy as np

from scripts.speed.apart import Numbers, Ready


def doubled(number: float, ready: Ready) -> Numbers:
    """Takes 80 MiB and a tenth of a second of work."""
    ready()
    taken = np.ones(10 << 20)
    while os.times().user < 0.6:
        taken *= 1.0
    return {"doubled": 2 * number, "taken": float(taken[-1])}


def failing(_task: object, ready: Ready) -> Numbers:
    ready()
    raise LookupError("nothing there")


def dying(_task: object, ready: Ready) -> Numbers:
    ready()
    os._exit(3)
