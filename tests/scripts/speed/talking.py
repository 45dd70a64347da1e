"""A short job of a still face."""

from pathlib import Path

from engines.stills import read_still
from scripts.speed.clips import voice_of
from scripts.speed.tasks import Task
from tests.engines.generated_media import write_video

SAMPLES = Path(__file__).resolve().parents[3] / "samples"


def talking_task(folder: Path) -> Task:
    """20 frames of a face that 10 of a video show, 256 px."""
    portrait = read_still(SAMPLES / "portrait.png")[:256, 100:356]
    clip = write_video(folder / "clip.mp4", [portrait] * 10)
    voice = voice_of(SAMPLES / "voice-austen.wav", folder / "voice.wav", 0.8)
    return Task(clip=clip, voice=voice, seconds=0.8, folder=folder)
