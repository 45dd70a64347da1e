"""Which of the request's fields an engine's complaint is about."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.analyse import Analyse
from activities.engine_cache import EngineCache
from activities.workplace import Workplace
from contracts.engines import EngineInfo
from contracts.errors import InputError, NoFace, TooFewFaces, UnreadableMedia
from contracts.jobs import MediaInfo, OutputOptions, Role
from contracts.steps import AnalyseInput, Voice
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from tests.activities.media import write_face, write_voice

pytestmark = pytest.mark.unit

INFO = EngineInfo(name="complaining", summary="", licence="")


@dataclass
class Complaining:
    """An engine that refuses all it is given."""

    fault: InputError
    info: EngineInfo = INFO

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        raise self.fault

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        yield from frames


def _refusal(workplace: Workplace, step: AnalyseInput, fault: InputError) -> str:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, workflow_run_id="run")
    engines = EngineCache({"complaining": Complaining(fault)}.__getitem__)
    with pytest.raises(ApplicationError) as failure:
        environment.run(Analyse(workplace, engines).analyse, step)
    return failure.value.message


@pytest.fixture
def step(workplace: Workplace, tmp_path: Path) -> AnalyseInput:
    face = MediaInfo(role=Role.IMAGE, field="portrait", blob="jobs/j/face", container="image/png", size_bytes=1)
    voice = MediaInfo(
        role=Role.AUDIO, field="vocal", blob="jobs/j/voice", container="audio/wav", size_bytes=1, duration_s=1.0
    )
    workplace.blobs.put(face.blob, write_face(tmp_path / "face.png"))
    workplace.blobs.put(voice.blob, write_voice(tmp_path / "voice.wav"))
    heard = replace(voice, field="music")
    return AnalyseInput(
        job_id="j",
        engine="complaining",
        source=face,
        voices=(Voice(media=voice),),
        audio=heard,
        options=OutputOptions(),
        seed=0,
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (NoFace("no face was found"), "portrait: no face was found"),
        (TooFewFaces("one face, two voices"), "portrait: one face, two voices"),
        (UnreadableMedia("no numbers"), "vocal: no numbers"),
        (UnreadableMedia("cut short", field="elsewhere"), "elsewhere: cut short"),
    ],
)
def test_a_complaint_names_the_field_of_what_it_is_about(
    workplace: Workplace, step: AnalyseInput, fault: InputError, message: str
) -> None:
    assert _refusal(workplace, step, fault) == message


def test_a_voice_that_cannot_be_read_is_named_with_its_field(workplace: Workplace, step: AnalyseInput) -> None:
    workplace.blobs.local("jobs/j/voice").write_bytes(b"<html>")

    assert _refusal(workplace, step, NoFace("")).startswith("vocal: not an audio file (text/html)")
