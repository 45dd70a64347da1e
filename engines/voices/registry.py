"""Voices by id: those that come with the service are loaded when first asked for and kept, the operator's each time."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.errors import EngineFault
from contracts.voices import BUILT_IN
from engines.voices.base import Speaker


class Voices:
    """The voices of this installation.

    Args:
        models: the operator's Piper voices: id and ".onnx" file, read anew at each call.
        threads: CPU threads of one utterance.
    """

    def __init__(self, models: Callable[[], Mapping[str, Path]], threads: int) -> None:
        self._models = models
        self._threads = threads
        self._loading = threading.Lock()
        self._loaded: dict[str, Speaker] = {}

    def get(self, voice_id: str) -> Speaker:
        """A voice, ready to speak.

        Raises:
            EngineFault: when there is no such voice.
            WeightsMissing: when something it needs is not installed.
        """
        is_built_in = any(info.voice_id == voice_id for info in BUILT_IN)
        model = None if is_built_in else self._models().get(voice_id)
        if not is_built_in and not model:
            raise EngineFault(
                f"there is no voice {voice_id!r}", field="voice_id", remedy="GET /api/v1/voices lists the voices."
            )
        if model:
            return self._piper(model)
        with self._loading:
            if voice_id not in self._loaded:
                self._loaded[voice_id] = self._built_in(voice_id)
            return self._loaded[voice_id]

    def _piper(self, model: Path) -> Speaker:
        """Load a voice anew: so it takes the same chances with each script, and no memory between them."""
        from engines.voices.piper import PiperSpeaker

        return PiperSpeaker(model, self._threads)

    def _built_in(self, voice_id: str) -> Speaker:
        from engines.voices.built_in import built_in

        return built_in(voice_id, self._threads)
