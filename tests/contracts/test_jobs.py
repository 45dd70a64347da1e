"""Job vocabulary: ids, transitions, progress, and payloads old and new."""

import json
from dataclasses import asdict

import pytest
from temporalio.converter import DataConverter, value_to_type

from contracts.jobs import (
    STAGE_STARTS_PERCENT,
    TRANSITIONS,
    Dialect,
    FaceChoice,
    FacePoint,
    JobRequest,
    MediaInfo,
    MediaRef,
    OutputOptions,
    Role,
    Side,
    Stage,
    Status,
    SyncMode,
    TimedText,
    Timings,
    job_id_of,
    percent_of,
    workflow_id,
)
from contracts.steps import AnalyseInput, Voice

pytestmark = pytest.mark.unit


def test_a_workflow_id_leads_back_to_its_job() -> None:
    assert job_id_of(workflow_id("abc")) == "abc"


def test_another_workflow_is_not_a_job() -> None:
    with pytest.raises(ValueError, match="webhook-1"):
        job_id_of("webhook-1")


def test_the_table_of_transitions_covers_every_status() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_nothing_follows_a_terminal_status() -> None:
    assert {status for status in Status if status.is_terminal} == {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}


def test_every_stage_has_its_share_of_the_percentage_in_order() -> None:
    starts = [STAGE_STARTS_PERCENT[stage] for stage in Stage]

    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("stage", "fraction", "percent"),
    [(Stage.FETCH, 0.0, 0), (Stage.RENDER, 0.5, 62), (Stage.SETTLE, 1.0, 100), (Stage.RENDER, 7.0, 95)],
)
def test_percent_runs_over_the_whole_job(stage: Stage, fraction: float, percent: int) -> None:
    assert percent_of(stage, fraction) == percent


AUDIO = MediaRef(role=Role.AUDIO, field="audio", url="https://media.example/voice.wav")
SOUND = MediaInfo(role=Role.AUDIO, field="audio", blob="b", container="audio/wav", size_bytes=1)
SAID = Timings(
    field="formState.timings",
    entries=(TimedText(text="hello", start_s=0.5, end_s=0.9), TimedText(phones="w ɜː l d", start_s=0.9, end_s=1.4)),
    language="en-US",
)
#: What a request had before it could say how picture and sound are fitted.
SINCE = {"timings", "right_timings", "face"}
OPTIONS_SINCE = {"sync_mode", "sync_offset_ms"}


def request(**changes: object) -> JobRequest:
    fixed = {"job_id": "j", "key_id": "k", "dialect": Dialect.LIPSYNC_STUDIO, "model": "lipsync-image"}
    return JobRequest(**{**fixed, "source": AUDIO, "audio": AUDIO, **changes})  # type: ignore[arg-type]


def test_a_request_of_before_means_what_it_meant() -> None:
    old = {name: value for name, value in asdict(request()).items() if name not in SINCE}
    old["options"] = {name: value for name, value in old["options"].items() if name not in OPTIONS_SINCE}

    assert value_to_type(JobRequest, json.loads(json.dumps(old))) == request()
    assert request().options == OutputOptions(sync_mode=SyncMode.BOUNCE, sync_offset_ms=0)
    assert (request().face, request().timings) == (FaceChoice.ACTIVE, None)


@pytest.mark.parametrize(
    "value",
    [
        request(
            timings=SAID,
            right_timings=SAID,
            face=FaceChoice.LEFT,
            options=OutputOptions(sync_mode=SyncMode.FREEZE, sync_offset_ms=-40),
        ),
        AnalyseInput(
            job_id="j",
            engine="articulate",
            source=SOUND,
            voices=(Voice(media=SOUND, side=Side.LEFT, timings=SAID), Voice(media=SOUND, side=Side.RIGHT)),
            audio=SOUND,
            options=OutputOptions(sync_mode=SyncMode.LOOP),
            seed=1,
            face=FaceChoice.RIGHT,
        ),
    ],
    ids=["request", "analysis"],
)
def test_what_is_sent_arrives_as_it_was(value: JobRequest | AnalyseInput) -> None:
    converter = DataConverter.default.payload_converter

    assert converter.from_payloads(converter.to_payloads([value]), [type(value)]) == [value]


@pytest.mark.parametrize(
    ("wire", "face"),
    [
        ("left", FaceChoice.LEFT),
        ({"x": 0.25, "y": 0.5, "at_s": 2.5, "field": "face"}, FacePoint(x=0.25, y=0.5, at_s=2.5)),
        ({"x": 0.25, "y": 0.5}, FacePoint(x=0.25, y=0.5)),
    ],
)
def test_a_face_travels_as_a_word_as_it_always_did_or_as_a_place(wire: object, face: FaceChoice | FacePoint) -> None:
    converter = DataConverter.default.payload_converter
    request = JobRequest(
        job_id="j", key_id="k", dialect=Dialect.LIPSYNC_DEV, model="m", source=MediaRef(role=Role.VIDEO, field="v")
    )
    sent = json.loads(converter.to_payload(request).data) | {"face": wire}

    read = value_to_type(JobRequest, sent)
    assert read.face == face
    assert isinstance(read.face, type(face))
    written = json.loads(converter.to_payload(read).data)
    assert written["face"] == (wire if isinstance(wire, str) else asdict(face))  # type: ignore[call-overload]
    assert value_to_type(JobRequest, json.loads(json.dumps(asdict(read)))) == read
