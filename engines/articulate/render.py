"""One output frame: lips and jaw moved, the mouth filled, the face made clearer if that is asked for."""

from collections import Counter

import numpy as np

from engines.articulate.eyes import close_eyes
from engines.articulate.focus import edge_blur
from engines.articulate.motion import pose_at
from engines.articulate.mouth import SeenMouth, Weighted, fill_mouth
from engines.articulate.performance import Performance
from engines.articulate.profile import fill_profile
from engines.articulate.retrieval import DRAWN, OWN
from engines.articulate.sway import swayed
from engines.articulate.warp import face_region, mouth_region, move_points, warp
from engines.base import Frame, Waiting
from engines.people.light import light_of
from engines.people.shape import INNER_RING, Basis, in_profile, oval_of, turn_of
from engines.restoration.base import Enhancer

#: A change weaker than this is not seen.
_LEAST_STRENGTH = 0.01
#: Shares of the mouths chosen for the frame before, this one and the next: a change of mouth is a short cross-fade.
_FADE = (0.25, 0.5, 0.25)


def draw_frame(frame: Frame, performance: Performance, number: int) -> Frame:
    """Draw output frame `number` from the source frame it shows.

    Args:
        frame: uint8 RGB (H, W, 3); not changed.
        performance: the analysis.
        number: of the output frame.

    Returns:
        A new picture, the same as `frame` in every pixel away from mouth and jaw; `frame` itself where there is
        nothing to drive.
    """
    source = int(performance.shown[number])
    pose = pose_at(performance.poses[number])
    if performance.watched.shots[source] < 0 or pose.strength < _LEAST_STRENGTH:
        return frame
    points = performance.watched.points[source].astype(np.float64)
    move = move_points(points, pose)
    region = face_region(move, frame)
    if region is None:
        return frame
    blur = edge_blur(frame[mouth_region(move, frame).slices])
    drawn = warp(frame, move, region, blur)
    light = light_of(performance.light[source])
    if in_profile(turn_of(points)):
        fill_profile(drawn, region, move, frame, light)
    else:
        fill_mouth(drawn, region, move, pose, _seen_mouths(frame, performance, number, blur), light, blur)
    result = frame.copy()
    result[region.slices] = drawn
    return result


def enhance_frame(enhancer: Enhancer, alive: Waiting, frame: Frame, performance: Performance, number: int) -> Frame:
    """Make the speaker's face clearer in output frame `number`, where there is one; fading where it comes and goes."""
    shots = performance.watched.shots[performance.shown]
    if shots[number] < 0:
        return frame
    source = performance.shown[number]
    points = performance.watched.points[source].astype(np.float64)
    grain, share = light_of(performance.light[source]).grain, float(performance.presence[number])
    return enhancer.enhance(frame, points, grain, share, alive)


def blink_frame(frame: Frame, performance: Performance, number: int) -> Frame:
    """Close the eyes of a still picture's face as far as they are in output frame `number`."""
    life = performance.life
    if life is None or life.lids[number] < _LEAST_STRENGTH:
        return frame
    points = performance.watched.points[performance.shown[number]].astype(np.float64)
    return close_eyes(frame, points, float(life.lids[number]))


def sway_frame(frame: Frame, performance: Performance, number: int) -> Frame:
    """Move the head of a still picture's face, and all that was drawn into it, as in output frame `number`."""
    life = performance.life
    if life is None:
        return frame
    head = oval_of(performance.watched.points[performance.shown[number]].astype(np.float64))
    return swayed(frame, head, life.reach, life.sway[number])


def _seen_mouths(frame: Frame, performance: Performance, number: int, blur: float) -> list[Weighted]:
    """The mouths to show, those of neighbouring frames fading in and out."""
    shares: Counter[int] = Counter()
    last = len(performance.choices) - 1
    shots = performance.watched.shots[performance.shown]
    for offset, share in zip((-1, 0, 1), _FADE, strict=True):
        neighbour = min(max(number + offset, 0), last)
        neighbour = neighbour if shots[neighbour] == shots[number] else number
        shares[int(performance.choices[neighbour])] += share  # type: ignore[assignment]
    return [
        Weighted(_mouth(frame, performance, number, choice, blur), share)
        for choice, share in sorted(shares.items())
        if choice != DRAWN
    ]


def _mouth(frame: Frame, performance: Performance, number: int, choice: int, blur: float) -> SeenMouth:
    watched, source = performance.watched, int(performance.shown[number])
    if choice == OWN:
        points = watched.points[source].astype(np.float64)
        return SeenMouth(frame, points[INNER_RING], Basis.of(points), np.ones(3, np.float32), blur)
    chosen = int(watched.bank.number[choice])
    points = watched.points[chosen].astype(np.float64) - watched.bank.place[choice, :2]
    gain = performance.light[source, :3] / np.maximum(performance.light[chosen, :3], 1e-3)
    picture = watched.bank.picture(choice)
    clipped = np.clip(gain, 0.8, 1.25).astype(np.float32)
    return SeenMouth(picture, points[INNER_RING], Basis.of(points), clipped, edge_blur(picture))
