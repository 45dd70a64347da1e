"""What a worker of one release makes of an analysis of another."""

from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.analyse import Analyse
from activities.engine_cache import EngineCache
from activities.render import Render
from activities.workplace import Workplace
from contracts.jobs import MediaInfo, OutputOptions, Role
from contracts.steps import AnalyseInput, AnalyseResult, RenderInput, Voice
from tests.activities.media import write_face, write_voice
from tests.trivial_engine.trivial_engine import TrivialEngine

pytestmark = pytest.mark.unit


def _release(version: int) -> EngineCache:
    """The engines of a release whose analyses are of this version."""
    engine = TrivialEngine()
    engine.info = replace(TrivialEngine.info, analysis_version=version)
    return EngineCache({"trivial": engine}.__getitem__)


@pytest.fixture
def step(workplace: Workplace, tmp_path: Path) -> AnalyseInput:
    face = MediaInfo(role=Role.IMAGE, field="image", blob="jobs/j/inputs/image-1", container="png", size_bytes=1)
    voice = MediaInfo(
        role=Role.AUDIO, field="audio", blob="jobs/j/inputs/audio-1", container="wav", size_bytes=1, duration_s=0.6
    )
    workplace.blobs.put(face.blob, write_face(tmp_path / "face.png"))
    workplace.blobs.put(voice.blob, write_voice(tmp_path / "voice.wav", seconds=0.6))
    return AnalyseInput(
        job_id="j",
        engine="trivial",
        source=face,
        voices=(Voice(media=voice),),
        audio=voice,
        options=OutputOptions(),
        seed=0,
    )


def _analysed(workplace: Workplace, step: AnalyseInput, version: int, activity_id: str = "3") -> AnalyseResult:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, activity_id=activity_id)
    return environment.run(Analyse(workplace, _release(version)).analyse, step)


def _rendered(workplace: Workplace, step: AnalyseInput, analysis: AnalyseResult, version: int) -> str:
    wanted = RenderInput(
        job_id="j",
        engine="trivial",
        source=step.source,
        analysis=analysis.analysis,
        segment=analysis.segments[0],
    )
    return ActivityEnvironment().run(Render(workplace, _release(version)).render, wanted).blob


def test_the_analysis_of_an_earlier_release_with_the_same_version_is_rendered(
    workplace: Workplace, step: AnalyseInput
) -> None:
    assert workplace.blobs.exists(_rendered(workplace, step, _analysed(workplace, step, 2), 2))


def test_one_that_a_later_release_cannot_take_is_to_be_made_again(workplace: Workplace, step: AnalyseInput) -> None:
    analysis = _analysed(workplace, step, 1)

    with pytest.raises(ApplicationError) as failure:
        _rendered(workplace, step, analysis, 2)

    assert (failure.value.type, failure.value.non_retryable) == ("analysis_outdated", True)


def test_one_of_a_later_release_waits_for_a_worker_of_it(workplace: Workplace, step: AnalyseInput) -> None:
    analysis = _analysed(workplace, step, 2)

    with pytest.raises(ApplicationError) as failure:
        _rendered(workplace, step, analysis, 1)

    assert (failure.value.type, failure.value.non_retryable) == ("unavailable", False)


def test_what_is_analysed_again_in_the_same_run_shares_no_segment_with_it(
    workplace: Workplace, step: AnalyseInput
) -> None:
    first, again = _analysed(workplace, step, 1), _analysed(workplace, step, 2, activity_id="9")

    assert _rendered(workplace, step, first, 1) != _rendered(workplace, step, again, 2)
