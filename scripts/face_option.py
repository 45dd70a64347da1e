"""Which face speaks, as the command line has it: a word, or a place such as 0.3,0.4@2.5."""

import re

import click

from contracts.jobs import FaceChoice, FacePoint
from contracts.timings import LATEST_S

_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_POINT = re.compile(rf"{_NUMBER},{_NUMBER}(?:@{_NUMBER})?", re.ASCII)
_WORDS = [choice.value for choice in FaceChoice]


class FaceOption(click.ParamType[FaceChoice | FacePoint]):
    """A word of `FaceChoice`, or X,Y or X,Y@SECONDS."""

    name = "face"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """What the help shows."""
        return f"[{'|'.join(_WORDS)}|X,Y[@SECONDS]]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> FaceChoice | FacePoint:
        """Read it."""
        text = str(value)
        if text in _WORDS:
            return FaceChoice(text)
        found = _POINT.fullmatch(text)
        if found is None:
            self.fail(f"{text} is none of {', '.join(_WORDS)}, nor a place such as 0.3,0.4 or 0.3,0.4@2.5", param, ctx)
        x, y, at_s = (float(part or 0) for part in found.groups())
        if max(x, y) > 1:
            self.fail(f"{text}: X and Y are fractions of the source's width and height, 0 to 1", param, ctx)
        if at_s > LATEST_S:
            self.fail(f"{text}: SECONDS are at most {LATEST_S}", param, ctx)
        return FacePoint(x=x, y=y, at_s=at_s, field="--face")


def face_body(face: FaceChoice | FacePoint) -> dict[str, object]:
    """What a request's body is to hold of it; nothing for the usual choice."""
    if isinstance(face, FacePoint):
        return {"face": {"x": face.x, "y": face.y} | ({"at_s": face.at_s} if face.at_s else {})}
    return {} if face is FaceChoice.ACTIVE else {"face": face.value}
