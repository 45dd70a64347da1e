"""Faces made clearer after they were drawn, where that is asked for."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from engines.base import Frame, Waiting
from engines.inpainting.plan import FacePlan
from engines.restoration.base import Enhancer


def enhanced(
    frames: Iterable[Frame], plans: Sequence[FacePlan], start: int, enhancer: Enhancer, alive: Waiting
) -> Iterator[Frame]:
    """Yield frames with the faces in them made clearer, fading where one comes and goes.

    Args:
        frames: output frames start, start + 1, …, drawn; not changed.
        plans: of each speaker; those without points are left as they are.
        start: number of the first output frame.
        enhancer: makes them clearer.
        alive: called at least every second; raises to stop.
    """
    wanted = [plan for plan in plans if plan.points.shape[1]]
    for number, frame in enumerate(frames, start):
        for plan in wanted:
            source = plan.shown[number]
            share = float(plan.presence[source])
            if share > 0:
                points = plan.points[source].astype(np.float64)
                frame = enhancer.enhance(frame, points, float(plan.grain[source]), share, alive)
        yield frame
