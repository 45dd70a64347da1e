"""`face`: which of several faces speaks, by a word or by a place in the source."""

from collections.abc import Mapping

from marshmallow import ValidationError, fields

from api.error_table import JsonObject
from contracts.jobs import FaceChoice, FacePoint
from contracts.timings import LATEST_S

#: The least and most that each number of a point may be.
_LIMITS: dict[str, tuple[float, float]] = {"x": (0, 1), "y": (0, 1), "at_s": (0, LATEST_S)}
_REQUIRED = ("x", "y")
_WORDS = [choice.value for choice in FaceChoice]
_ABOUT = {
    "x": "Fraction of the source's width as it is shown upright, from the left.",
    "y": "Fraction of its height, from the top.",
    "at_s": "When in a video, in seconds from its beginning; 0 when left out.",
}


def _schema() -> JsonObject:
    numbers: JsonObject = {
        name: {
            "type": "number" if name in _REQUIRED else ["number", "null"],
            "minimum": least,
            "maximum": most,
            "description": _ABOUT[name],
        }
        for name, (least, most) in _LIMITS.items()
    }
    point = {"type": "object", "properties": numbers, "required": list(_REQUIRED), "additionalProperties": False}
    return {"anyOf": [{"enum": [*_WORDS, "", None]}, point]}


class FaceField(fields.Field[FaceChoice | FacePoint]):
    """`face`."""

    def __init__(self) -> None:
        super().__init__(
            load_default=FaceChoice.ACTIVE,
            allow_none=True,
            metadata={
                "description": 'which of several faces speaks: "active" (who is seen speaking), "largest",'
                ' "left" or "right" as the viewer sees them; or a place in it, {"x": 0.3, "y": 0.4, "at_s": 2.5},'
                " x and y from 0 to 1.",
                "limits": lambda settings: _schema(),
                "example": {"x": 0.3, "y": 0.4, "at_s": 2.5},
            },
        )

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **options: object
    ) -> FaceChoice | FacePoint:
        if isinstance(value, Mapping):
            return _point(value)
        if not isinstance(value, str):
            raise ValidationError("must be a word or an object with x and y")
        if value and value not in _WORDS:
            raise ValidationError(f"must be one of: {', '.join(_WORDS)}; or an object with x and y")
        return FaceChoice(value or FaceChoice.ACTIVE)


def face_of(body: JsonObject, within: str = "") -> FaceChoice | FacePoint:
    """The face that a loaded body chooses; one that takes no choice has the active one's.

    Args:
        body: what was loaded.
        within: what comes before its fields' names in error messages.
    """
    face = body.get("face")
    if isinstance(face, FacePoint):
        return FacePoint(x=face.x, y=face.y, at_s=face.at_s, field=f"{within}face")
    return FaceChoice(str(face or FaceChoice.ACTIVE))


def _point(sent: Mapping[object, object]) -> FacePoint:
    """Read a point.

    Raises:
        ValidationError: with all that is wrong, by name.
    """
    given = {name: sent[name] for name in _LIMITS if name in _REQUIRED or sent.get(name) is not None if name in sent}
    faults = {name: ["is missing"] for name in _REQUIRED if name not in given}
    faults |= {name: [fault] for name, value in given.items() if (fault := _fault(value, *_LIMITS[name]))}
    faults |= {str(name)[:40]: ["is none of x, y and at_s"] for name in sent if name not in _LIMITS}
    if faults:
        raise ValidationError(faults)
    return FacePoint(**{name: float(value) for name, value in given.items()})  # type: ignore[arg-type]


def _fault(value: object, least: float, most: float) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "must be a number"
    return "" if least <= value <= most else f"must be from {least:g} to {most:g}"
