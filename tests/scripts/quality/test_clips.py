"""Which clips the judge takes, and how it cuts their voices."""

import json
from pathlib import Path

import click
import numpy as np
import pytest

from contracts.errors import UnreadableMedia
from contracts.jobs import Side
from engines.base import Speech
from scripts.quality.clips import KNOWN, Clip, Tier, clips_in
from scripts.quality.halves import cut_in_half, voice_from

pytestmark = pytest.mark.unit


def test_the_known_clips_number_a_dozen_that_count() -> None:
    tiers = [Tier(entry["tier"]) for entry in json.loads(KNOWN.read_text(encoding="utf-8"))]

    assert sum(tier.counts for tier in tiers) >= 12
    assert not Tier.WEAK.counts
    assert not Tier.UNKNOWN.counts


def test_a_folder_of_unknown_videos_is_judged_as_if_in_time(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "notes.txt"):
        (tmp_path / name).touch()

    assert clips_in(tmp_path, None) == [Clip(path=tmp_path / "a.MOV"), Clip(path=tmp_path / "b.mp4")]


def test_known_clips_come_with_their_offsets(tmp_path: Path) -> None:
    (tmp_path / "woman_flags_512_25fps_mpeg4.mp4").touch()

    (clip,) = clips_in(tmp_path, None)

    assert (clip.late_ms, clip.tier) == (120, Tier.OFFSET)


def test_one_of_two_speakers_has_a_name_of_its_own(tmp_path: Path) -> None:
    listing = tmp_path / "clips.json"
    listing.write_text('[{"name": "duo.mp4", "late_ms": 0, "tier": "likely", "side": "right"}]')
    (tmp_path / "duo.mp4").touch()

    (clip,) = clips_in(tmp_path, listing)

    assert (clip.label, clip.side) == ("duo-right", Side.RIGHT)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no list of clips"),
        ('[{"name": "a.mp4"}]', "late_ms"),
        ('[{"name": "a.mp4", "late_ms": 0, "tier": "sure"}]', "sure"),
        ('[{"name": "a.mp4", "late_ms": 0, "tier": "clear"}]', "lacks a.mp4"),
    ],
)
def test_a_listing_that_makes_no_sense_is_refused_with_the_reason(tmp_path: Path, content: str, said: str) -> None:
    listing = tmp_path / "clips.json"
    listing.write_text(content)

    with pytest.raises(click.ClickException, match=said):
        clips_in(tmp_path, listing)


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="no videos"):
        clips_in(tmp_path, None)


@pytest.mark.parametrize(
    ("start_s", "expected"),
    [(0.5, [5, 6, 7, 8]), (-0.2, [0, 0, 0, 1]), (0.8, [8, 9, 0, 0]), (2.0, [0, 0, 0, 0]), (-1.0, [0, 0, 0, 0])],
)
def test_a_stretch_of_a_voice_is_silent_beyond_its_ends(start_s: float, expected: list[float]) -> None:
    speech = Speech(samples=np.arange(10, dtype=np.float32), rate=10)

    assert voice_from(speech, start_s, 0.4).tolist() == expected


def test_the_voice_starts_where_the_second_half_does_moved_by_the_offset(shared_media: Path) -> None:
    path = shared_media / "man_grid_360x288_25fps_3s.mp4"
    plain, late = (cut_in_half(Clip(path=path, late_ms=late_ms)) for late_ms in (0, 100))

    assert plain.later[0] == plain.timeline.frames == len(plain.later)
    assert len(plain.voice.samples) == round(plain.timeline.frames / plain.fps * plain.voice.rate)
    shift = round(0.1 * plain.voice.rate)
    assert np.array_equal(late.voice.samples[: -2 * shift], plain.voice.samples[shift:-shift])
    assert plain.heard - late.heard in (2, 3)


def test_a_clip_whose_second_half_is_silent_for_want_of_sound_is_refused(shared_media: Path) -> None:
    with pytest.raises(UnreadableMedia, match="less than a second"):
        cut_in_half(Clip(path=shared_media / "man_grid_360x288_25fps_3s.mp4", late_ms=1000))
