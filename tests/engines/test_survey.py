"""A first look at sources: their faces and the plan of the output."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from contracts.inspections import SourceUse, SurveyResult
from contracts.jobs import MediaInfo, OutputOptions, Role, SyncMode
from engines.base import Frame
from engines.people.faces import FaceFinder
from engines.probe import probe
from engines.survey import survey
from tests.engines.drawn_face import drawn_face
from tests.engines.generated_media import write_video

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(torch.device("cpu"))


def look(
    finder: FaceFinder,
    path: Path,
    role: Role,
    audio_s: float | None = 2.0,
    options: OutputOptions | None = None,
) -> SurveyResult:
    found = probe(path, role, "source")
    info = MediaInfo(
        role=role,
        field="source",
        blob="",
        container=found.container,
        size_bytes=1,
        duration_s=found.duration_s,
        width=found.width,
        height=found.height,
        fps=found.fps,
    )
    return survey(finder, path, info, audio_s, options or OutputOptions(), 4.0, lambda fraction: None)


def picture(path: Path, frame: Frame) -> Path:
    path.write_bytes(cv2.imencode(".png", frame[..., ::-1])[1].tobytes())
    return path


def film(path: Path, frames: list[Frame]) -> Path:
    return write_video(path, frames)


def side_by_side(*faces: Frame) -> Frame:
    return np.concatenate(faces, axis=1)


def test_a_portraits_face_is_found_where_it_is(finder: FaceFinder, tmp_path: Path) -> None:
    path = picture(tmp_path / "face.png", drawn_face(size=600, centre=(200, 350)))

    found = look(finder, path, Role.IMAGE)

    (face,) = found.faces
    x, y, width, height = face.box
    assert (x + width / 2, y + height / 2) == pytest.approx((200, 370), abs=25)
    assert (face.drivable, face.reason, face.first_seen_s) == (True, "", 0.0)
    assert face.score > 0.9
    assert found.warnings == ()


def test_boxes_are_in_pixels_of_the_source_whatever_the_outputs_size(finder: FaceFinder, tmp_path: Path) -> None:
    path = picture(tmp_path / "face.png", drawn_face(size=960, centre=(480, 480), scale=2))

    (large,) = look(finder, path, Role.IMAGE).faces
    (small,) = look(finder, path, Role.IMAGE, options=OutputOptions(short_side_px=320)).faces
    (barred,) = look(finder, path, Role.IMAGE, options=OutputOptions(width_px=640, height_px=480)).faces

    assert small.box == pytest.approx(large.box, abs=25)
    assert barred.box == pytest.approx(large.box, abs=25)


def test_a_face_is_judged_at_the_outputs_size(finder: FaceFinder, tmp_path: Path) -> None:
    path = picture(tmp_path / "face.png", drawn_face(size=960, centre=(480, 480), scale=0.5))
    halved, quartered = (OutputOptions(short_side_px=960 // part) for part in (2, 4))

    assert look(finder, path, Role.IMAGE, options=halved).faces[0].drivable
    found = look(finder, path, Role.IMAGE, options=quartered)

    assert not found.faces[0].drivable
    assert found.faces[0].reason == "too small: the eyes are 14 pixels apart in the output, 22 are the least"
    assert found.warnings == ("no face in the picture can be driven",)


def test_a_picture_without_a_face_is_told_not_refused(finder: FaceFinder, tmp_path: Path) -> None:
    found = look(finder, picture(tmp_path / "wall.png", np.full((200, 300, 3), 120, np.uint8)), Role.IMAGE)

    assert found.faces == ()
    assert found.warnings == ("no face was found in the picture",)


def test_the_larger_of_two_faces_comes_first(finder: FaceFinder, tmp_path: Path) -> None:
    path = picture(tmp_path / "duo.png", side_by_side(drawn_face(scale=0.6), drawn_face(scale=0.9)))

    found = look(finder, path, Role.IMAGE)

    assert [face.box[0] > 480 for face in found.faces] == [True, False]
    assert found.warnings == ("2 faces were found in the picture: a single voice moves the most prominent one's mouth",)


def test_a_face_that_moves_through_a_video_is_one_face(finder: FaceFinder, tmp_path: Path) -> None:
    frames = [drawn_face(centre=(140 + 4 * number, 240), scale=0.6) for number in range(50)]

    found = look(finder, film(tmp_path / "film.mp4", frames), Role.VIDEO)

    assert len(found.faces) == 1


def test_a_face_that_comes_later_tells_when(finder: FaceFinder, tmp_path: Path) -> None:
    nobody, somebody = np.full((480, 480, 3), 120, np.uint8), drawn_face()

    found = look(finder, film(tmp_path / "film.mp4", [nobody] * 25 + [somebody] * 25), Role.VIDEO)

    assert found.faces[0].first_seen_s == 1.0
    assert found.faces[0].best_seen_s >= 1.0


@pytest.mark.parametrize(
    ("audio_s", "use", "frames"),
    [
        (2.0, SourceUse.AS_IT_IS, 50),
        (1.99, SourceUse.AS_IT_IS, 50),
        (1.2, SourceUse.TRIMMED, 30),
        (9.0, SourceUse.TO_AND_FRO, 225),
    ],
)
def test_a_video_is_fitted_to_the_sound(
    finder: FaceFinder, tmp_path: Path, audio_s: float, use: SourceUse, frames: int
) -> None:
    path = film(tmp_path / "film.mp4", [drawn_face(size=240, centre=(120, 120), scale=0.5)] * 50)

    plan = look(finder, path, Role.VIDEO, audio_s).plan

    assert plan is not None
    assert (plan.source_use, round(plan.duration_s * plan.fps), plan.fps) == (use, frames, 25.0)
    assert (plan.width, plan.height) == (240, 240)
    assert plan.segments == max(1, round(audio_s / 4))


@pytest.mark.parametrize(
    ("mode", "use"),
    [(SyncMode.BOUNCE, SourceUse.TO_AND_FRO), (SyncMode.LOOP, SourceUse.LOOPED), (SyncMode.FREEZE, SourceUse.FROZEN)],
)
def test_the_plan_says_how_a_short_video_is_extended(
    finder: FaceFinder, tmp_path: Path, mode: SyncMode, use: SourceUse
) -> None:
    path = film(tmp_path / "film.mp4", [drawn_face(size=240, centre=(120, 120), scale=0.5)] * 5)

    plan = look(finder, path, Role.VIDEO, 1.0, OutputOptions(sync_mode=mode)).plan

    assert plan is not None
    assert plan.source_use is use


def test_a_large_portrait_is_planned_at_the_size_it_is_rendered_at(finder: FaceFinder, tmp_path: Path) -> None:
    path = picture(tmp_path / "face.png", drawn_face(size=1400, centre=(700, 700), scale=2))

    plan = look(finder, path, Role.IMAGE).plan

    assert plan is not None
    assert (plan.width, plan.height, plan.fps, plan.source_use) == (1080, 1080, 25.0, SourceUse.AS_IT_IS)


def test_without_a_sound_nothing_is_planned(finder: FaceFinder, tmp_path: Path) -> None:
    assert look(finder, picture(tmp_path / "face.png", drawn_face()), Role.IMAGE, None).plan is None
