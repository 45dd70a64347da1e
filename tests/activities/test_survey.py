from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import torch
from temporalio.testing import ActivityEnvironment

from activities.survey import Survey
from activities.workplace import Workplace
from contracts.inspections import SurveyInput
from contracts.jobs import MediaInfo, OutputOptions, Role
from engines.people.faces import FaceFinder
from tests.engines.drawn_face import drawn_face

pytestmark = pytest.mark.unit


def test_a_fetched_portrait_is_surveyed(workplace: Workplace, tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(cv2.imencode(".png", drawn_face()[..., ::-1])[1].tobytes())
    workplace.blobs.put("jobs/inspect-1/inputs/image-0", path)
    source = MediaInfo(
        role=Role.IMAGE,
        field="image",
        blob="jobs/inspect-1/inputs/image-0",
        container="image/png",
        size_bytes=1,
        width=480,
        height=480,
    )
    audio = replace(source, role=Role.AUDIO, blob="", duration_s=3.0)
    step = SurveyInput(job_id="inspect-1", source=source, audio=audio, options=OutputOptions())

    found = ActivityEnvironment().run(Survey(workplace, FaceFinder(torch.device("cpu"))).survey, step)

    assert len(found.faces) == 1
    assert found.plan is not None
    # The settings ask for segments of half a second.
    assert (found.plan.duration_s, found.plan.segments) == (3.0, 6)
    assert list((workplace.settings.data_dir / "scratch").iterdir()) == []
