"""Who is who: whether faces of different shots are one person's, by the shape and the colour of the upper face.

This is no face recognition. It tells apart the few people of one video, and where it is in doubt, takes two for one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Points that neither speech nor a beard moves: forehead, brows, eyes, nose, cheekbones.
_UPPER = np.array(
    [
        *(10, 338, 297, 332, 284, 251, 389, 356, 127, 162, 21, 54, 103, 67, 109, 454, 234, 151, 9, 8, 168, 6, 197, 195),
        *(5, 4, 1, 33, 133, 159, 145, 263, 362, 386, 374, 70, 105, 107, 300, 334, 336, 46, 276, 55, 285, 117, 346),
        *(50, 280, 101, 330, 36, 266, 129, 358, 98, 327, 2),
    ]
)
#: Differences that tell as much as each other: of shape, of brightness and of hue (as logarithms).
_SHAPE, _BRIGHTNESS, _HUE = 0.08, 0.6, 0.25
#: From this difference on two faces are two people's.
_ANOTHER = 1.2
#: A person is known by so many likenesses: a flickering video has thousands, too many to compare each with all.
_ALBUM = 12
_DARK = 5.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """What one person looks like in one shot.

    Attributes:
        shape: float64 (P, 3), centred, of unit size, in the pose of the first frame.
        colour: float64 (3,), logarithm of the cheeks' RGB.
    """

    shape: Floats
    colour: Floats


class Sitting:
    """Gathers a likeness from the frames of a shot."""

    def __init__(self) -> None:
        self._shape: Floats | None = None
        self._colours: list[NDArray[np.uint8]] = []

    def add(self, relief: NDArray[np.float32], cheeks: NDArray[np.uint8]) -> None:
        """Take in one frame: the mesh with its depth (468, 3), and the colour of the cheeks, uint8 RGB (3,)."""
        shape = relief[_UPPER].astype(np.float64)
        shape = shape - shape.mean(0)
        shape /= max(float(np.linalg.norm(shape)), 1e-6)
        self._shape = shape if self._shape is None else self._shape + _turned(shape, self._shape)
        self._colours.append(cheeks)

    def likeness(self) -> Likeness:
        """The mean of what was seen.

        Raises:
            ValueError: when nothing was.
        """
        if self._shape is None:
            raise ValueError("nobody sat for this likeness")
        colour = np.log(np.median(np.stack(self._colours), axis=0) + _DARK)
        return Likeness(self._shape / np.linalg.norm(self._shape), colour)


def differences(one: Likeness, others: Sequence[Likeness]) -> Floats:
    """How unlike a face is each of some others, float64 (L,): about 0.3 for one person, 1.7 for two."""
    shapes, colours = np.stack([other.shape for other in others]), np.stack([other.colour for other in others])
    shape = np.linalg.norm(one.shape - _turned(shapes, one.shape), axis=(1, 2))
    apart = one.colour - colours
    hue = apart[:, [0, 2]] - apart[:, [1]]
    return np.asarray(shape / _SHAPE + np.abs(apart.mean(1)) / _BRIGHTNESS + np.linalg.norm(hue, axis=1) / _HUE)


def people(likenesses: Sequence[Likeness], apart: Sequence[Collection[int]]) -> list[int]:
    """Put likenesses of one person together.

    Args:
        likenesses: the best known first; each person is told by their first few.
        apart: for each, the numbers of those that cannot be the same person's, being seen at once.

    Returns:
        The number of each one's person, from 0.
    """
    whose: list[int] = []
    albums: list[list[Likeness]] = []
    for index, likeness in enumerate(likenesses):
        barred = {whose[other] for other in apart[index] if other < index}
        person = _nearest(likeness, {number: album for number, album in enumerate(albums) if number not in barred})
        if person is None:
            person = len(albums)
            albums.append([])
        if len(albums[person]) < _ALBUM:
            albums[person].append(likeness)
        whose.append(person)
    return whose


def _nearest(likeness: Likeness, albums: Mapping[int, Sequence[Likeness]]) -> int | None:
    """Whose album holds the picture that is most alike, None if it is another's."""
    owners = [person for person, album in albums.items() for _ in album]
    if not owners:
        return None
    found = differences(likeness, [known for album in albums.values() for known in album])
    nearest = int(found.argmin())
    return owners[nearest] if found[nearest] < _ANOTHER else None


def _turned(shapes: Floats, onto: Floats) -> Floats:
    """Shapes (..., P, 3) turned onto another as well as can be: Kabsch, "A solution for the best rotation", 1976."""
    left, _, right = np.linalg.svd(shapes.swapaxes(-1, -2) @ onto)
    left[..., -1] *= np.sign(np.linalg.det(left @ right))[..., None]
    return np.asarray(shapes @ left @ right)
