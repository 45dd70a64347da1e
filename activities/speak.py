"""Makes speech of a script."""

import logging
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.workplace import Workplace
from contracts.errors import InputError
from contracts.jobs import MediaInfo, Role, Script
from contracts.settings import Settings
from contracts.steps import SpeakInput, SpeakResult
from engines.timings import write_timings
from engines.voices.base import Spoken
from engines.voices.registry import Voices
from engines.voices.text import FIELD
from storage.voices import piper_voices

logger = logging.getLogger(__name__)

#: Characters of the SHA-256 of voice and words that name the speech.
_DIGEST_CHARACTERS = 8
_FULL_SCALE = 32_767


@dataclass(frozen=True, slots=True)
class Speak:
    """The step `speak`."""

    workplace: Workplace
    voices: Voices

    @activity.defn(name="speak", no_thread_cancel_exception=True)
    @at_boundary
    def speak(self, step: SpeakInput) -> SpeakResult:
        """Speak a script, and store the sound and the times of its phones; the same script goes under the same name."""
        report, blobs, settings = reporter(), self.workplace.blobs, self.workplace.settings
        named = f"{step.script.voice_id}\n{step.script.text}"
        name = f"speech-{sha256(named.encode()).hexdigest()[:_DIGEST_CHARACTERS]}"
        key, timings = f"jobs/{step.job_id}/inputs/{name}", f"jobs/{step.job_id}/work/{name}.json"
        with _field_named(step.script):
            spoken = self.voices.get(step.script.voice_id).speak(step.script.text, report, settings.max_duration_s)
        with self.workplace.scratch(step.job_id) as scratch:
            sound, phones = scratch / "speech.wav", scratch / "phones.json"
            _write(spoken, sound)
            write_timings(spoken.phones, phones)
            size_bytes = sound.stat().st_size
            blobs.put(timings, phones)
            blobs.put(key, sound)
        logger.info("spoken voice=%s duration_s=%.2f", step.script.voice_id, spoken.duration_s)
        audio = MediaInfo(
            role=Role.AUDIO,
            field=step.script.field,
            blob=key,
            container="audio/wav",
            size_bytes=size_bytes,
            duration_s=spoken.duration_s,
        )
        return SpeakResult(audio=audio, phones=timings if spoken.phones else "")


@contextmanager
def _field_named(script: Script) -> Iterator[None]:
    """Name the field that is at fault as the request spells it."""
    try:
        yield
    except InputError as fault:
        fault.field = script.field if fault.field == FIELD else fault.field
        raise


def open_voices(settings: Settings) -> Voices:
    """The voices of this installation; each is loaded when it first speaks."""

    def models() -> dict[str, Path]:
        return {voice.info.voice_id: voice.model for voice in piper_voices(settings.voices_dir)}

    return Voices(models, settings.torch_threads)


def _write(spoken: Spoken, path: Path) -> None:
    samples = np.rint(np.clip(spoken.samples, -1.0, 1.0) * _FULL_SCALE).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(spoken.rate)
        file.writeframes(samples.tobytes())
