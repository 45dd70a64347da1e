"""The inside of a mouth that was never seen: teeth, tongue and dark, drawn to fit a face and its light.

Sizes are those of adult anatomy over the distance between the outer corners of the eyes, about 90 mm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.people.light import Light
from engines.smoothstep import smoothstep

Plane = NDArray[np.float32]
Colour = NDArray[np.float32]

#: Where one upper tooth ends and the next begins, from the middle out, as seen from the front.
_UPPER_JOINTS = np.array([0.0, 0.092, 0.160, 0.222, 0.262, 0.288], dtype=np.float32)
_LOWER_JOINTS = np.array([0.0, 0.058, 0.120, 0.188, 0.240, 0.275], dtype=np.float32)
_ARCH_HALF_WIDTH = 0.27
_JOINT_WIDTH = 0.007
#: How far the edges of canines and side teeth lie above the front teeth's.
_EDGE_RISE = 0.45
#: Lips parted a little show dark below the upper teeth: these end within this share of the opening.
_MOST_OF_GAP = 0.72
#: Teeth stand in the shade of the lip above them, so deep, and so dark at its edge and in full light, of white.
_SHADE_DEPTH, _IN_SHADE, _IN_LIGHT = 0.055, 0.50, 1.35
#: Bitten on, they stand in front, in so much of the light.
_BITE_LIGHT = 0.5
#: No two teeth are of one tone.
_TONES = 0.04
_BRIGHTEST = 0.93
#: The darkest inside of a mouth is no brighter than this share of the skin, whatever is darkest in the picture.
_MOST_BLACK = 0.16
#: Lips parted less than this hide the lower teeth.
_LEAST_PARTED = 0.025
_FLESH = np.array([0.72, 0.42, 0.42], dtype=np.float32)
_DARK = np.array([0.90, 0.62, 0.58], dtype=np.float32)
_GLOW = np.array([0.07, 0.02, 0.02], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The visible inside of the mouth in face coordinates.

    Attributes:
        x: across, from the middle of the upper lip (h, w).
        y: down (h, w).
        top, bottom: edges of the lips in each column (1, w) or (h, w).
        gap: at the middle.
        upper_edge: where the upper front teeth end.
        lower_edge: where the lower front teeth begin.
        tongue: 0..1.
        bite: 0..1, the lower lip rests against the upper teeth, and no dark is seen below them.
    """

    x: Plane
    y: Plane
    top: Plane
    bottom: Plane
    gap: float
    upper_edge: float
    lower_edge: float
    tongue: float
    bite: float = 0.0


def draw_mouth(opening: Opening, light: Light, *, upper_teeth: Plane | float = 1.0) -> Plane:
    """Draw the inside of a mouth.

    Args:
        opening: its shape and what is in it.
        light: the face's.
        upper_teeth: 0..1 (h, w), where the upper teeth are drawn.

    Returns:
        float32 RGB (h, w, 3), 0..1.
    """
    picture = _cavity(opening, light)
    picture = _laid(picture, *_tongue(opening, light))
    picture = _laid(picture, *_lower_teeth(opening, light))
    alpha, colour = _upper_teeth(opening, light)
    return _laid(picture, alpha * upper_teeth, colour)


def _laid(under: Plane, alpha: Plane, colour: Plane) -> Plane:
    return under + (colour - under) * alpha[..., None]


def _step(value: NDArray[np.floating], softness: float) -> Plane:
    """0 below zero, 1 above, over about `softness`."""
    return np.asarray(smoothstep(value / softness + 0.5), dtype=np.float32)


def _cavity(opening: Opening, light: Light) -> Plane:
    depth = np.clip((opening.y - opening.top) / max(opening.gap, 1e-3), 0, 1)[..., None]
    black = min(light.black, _MOST_BLACK * float(light.skin.mean()))
    dark = black * _warmth(light) * _tinted(_DARK, light) + light.skin * _tinted(_GLOW, light)
    flesh = light.skin * _tinted(_FLESH, light) * 0.5
    return np.asarray(dark + (flesh - dark) * 0.45 * depth**2, dtype=np.float32)


def _tongue(opening: Opening, light: Light) -> tuple[Plane, Plane]:
    height = (0.46 + 0.40 * opening.tongue) * opening.gap
    crown = opening.bottom - height * np.clip(1 - (opening.x / 0.21) ** 2, 0, 1)
    alpha = _step(opening.y - crown, 0.05) * np.clip(opening.gap / 0.08, 0, 1)
    rise = np.clip((opening.y - crown) / max(height, 1e-3), 0, 1)[..., None]
    colour = 0.3 * light.black * _warmth(light) + light.skin * _tinted(_FLESH, light) * (0.62 + 0.40 * rise)
    return np.asarray(0.85 * alpha, np.float32), np.asarray(colour, np.float32)


def _upper_teeth(opening: Opening, light: Light) -> tuple[Plane, Plane]:
    joints = _joints(opening.x, _UPPER_JOINTS)
    most_of_gap = _MOST_OF_GAP + (1.3 - _MOST_OF_GAP) * opening.bite
    lowest = np.minimum(opening.upper_edge, opening.top + most_of_gap * (opening.bottom - opening.top))
    edge = lowest - _EDGE_RISE * opening.x**2 - 0.014 * joints
    alpha = np.asarray(_step(edge - opening.y, 0.012) * _step(_ARCH_HALF_WIDTH - np.abs(opening.x), 0.05))
    under_lip = np.clip((opening.y - opening.top) / _SHADE_DEPTH, 0, 1)
    near_edge = np.clip((edge - opening.y) / 0.03, 0, 1)
    under_lip += (1 - under_lip) * _BITE_LIGHT * opening.bite
    shade = (_IN_SHADE + (_IN_LIGHT - _IN_SHADE) * under_lip) * (0.90 + 0.10 * near_edge)
    return alpha, _enamel(light, shade * _each(opening.x, _UPPER_JOINTS, 0.34) * _round(opening.x))


def _lower_teeth(opening: Opening, light: Light) -> tuple[Plane, Plane]:
    joints = _joints(opening.x, _LOWER_JOINTS)
    edge = opening.lower_edge + 0.30 * opening.x**2 + 0.005 * joints
    parted = np.clip((opening.bottom - opening.top - _LEAST_PARTED) / _LEAST_PARTED, 0, 1)
    alpha = _step(opening.y - edge, 0.012) * _step(0.22 - np.abs(opening.x), 0.06) * parted
    below_edge = np.clip((opening.y - edge) / 0.04, 0, 1)
    shade = 0.76 * (1 - 0.40 * below_edge) * _each(opening.x, _LOWER_JOINTS, 0.30)
    return np.asarray(0.9 * alpha, np.float32), _enamel(light, shade * _round(opening.x))


def _tinted(tint: Colour, light: Light) -> Colour:
    """A tint as a face of this colour has it: one of marble, or in black and white, is as grey inside as outside."""
    most, least = float(light.skin.max()), float(light.skin.min())
    colourful = min((most - least) / max(0.2 * most, 1e-3), 1.0)
    return np.asarray(tint.mean() + (tint - tint.mean()) * colourful, dtype=np.float32)


def _warmth(light: Light) -> Colour:
    """The skin's hue at full brightness: what lights the dark comes through skin, and neutral dark would look blue."""
    return np.asarray(light.skin / max(float(light.skin.max()), 1e-3), dtype=np.float32)


def _joints(x: Plane, places: Plane) -> Plane:
    """1 where two teeth meet, 0 within one."""
    distance = np.min(np.abs(np.abs(x)[..., None] - places), axis=-1)
    return np.asarray(np.exp(-((distance / _JOINT_WIDTH) ** 2)), dtype=np.float32)


def _each(x: Plane, places: Plane, gap: float) -> Plane:
    """The shade of each tooth: darker by `gap` where two meet, and none quite like its neighbours."""
    number = np.searchsorted(places, np.abs(x)) * np.where(x < 0, -1, 1)
    tone = 1 + _TONES * np.sin(12.9898 * number)
    return np.asarray(tone * (1 - gap * _joints(x, places)), dtype=np.float32)


def _round(x: Plane) -> Plane:
    """The arch turns away from the light to its sides."""
    return np.asarray(1 - 0.72 * np.clip(np.abs(x) / _ARCH_HALF_WIDTH, 0, 1) ** 1.8, dtype=np.float32)


def _enamel(light: Light, shade: Plane) -> Plane:
    """Teeth are a little yellower than the white of the scene."""
    colour = np.array([1.0, 0.975, 0.92], np.float32) * light.white
    return np.asarray(np.minimum(shade[..., None] * colour, _BRIGHTEST), dtype=np.float32)
