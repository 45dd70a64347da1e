"""The voices of this installation: those that come with it, and the Piper voices in the operator's folder."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.settings import Settings
from contracts.voices import BUILT_IN, PIPER_ENGINE, VoiceInfo

logger = logging.getLogger(__name__)

_PREFIX = "piper_"
_UNSAFE = re.compile(r"[^a-z0-9]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PiperVoice:
    """A Piper voice's listing, and its model; the configuration lies beside it as "<model>.json"."""

    info: VoiceInfo
    model: Path


def voices(settings: Settings) -> list[VoiceInfo]:
    """All voices, those that come with the service first."""
    return [*BUILT_IN, *(voice.info for voice in piper_voices(settings.voices_dir))]


def piper_voices(folder: Path) -> list[PiperVoice]:
    """The Piper voices of a folder, by name; files that are no voice are passed over with a warning."""
    found: dict[str, PiperVoice] = {}
    for model in sorted(folder.glob("*.onnx")):
        voice = _piper_voice(model)
        if voice and voice.info.voice_id not in found:
            found[voice.info.voice_id] = voice
    return list(found.values())


def _piper_voice(model: Path) -> PiperVoice | None:
    name = _UNSAFE.sub("_", model.stem.lower()).strip("_")
    try:
        language = _language(json.loads(model.with_name(model.name + ".json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as fault:
        logger.warning("voice_skipped file=%s reason=%s", model.name, type(fault).__name__)
        return None
    if not name:
        logger.warning("voice_skipped file=%s reason=name", model.name)
        return None
    info = VoiceInfo(voice_id=_PREFIX + name, name=model.stem, language=language, gender="neutral", engine=PIPER_ENGINE)
    return PiperVoice(info=info, model=model)


def _language(config: Mapping[str, Mapping[str, object]]) -> str:
    """The language of a voice's configuration as a tag: "en_US" -> "en-US".

    Raises:
        ValueError, TypeError, KeyError: when it is not the configuration of a voice.
    """
    if not len(config["phoneme_id_map"]) or int(str(config["audio"]["sample_rate"])) <= 0:
        raise ValueError("no phonemes, or no sample rate")
    named = config["language"]["code"] if "language" in config else config["espeak"]["voice"]
    if not _LANGUAGE.fullmatch(str(named)):
        raise ValueError(f"not a language: {named!r}")
    return str(named).replace("_", "-")
