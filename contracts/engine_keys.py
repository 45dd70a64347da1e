"""Which API keys may use which engines."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_EXPECTED = "must be ENGINE=KEY_ID entries, parted by commas; 'mouthpiece keys list' shows the ids"


@dataclass(frozen=True, slots=True)
class EngineKeys:
    """The engines that only some keys may use, and which those are; all others are every key's."""

    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        """As the setting has it."""
        return ",".join(f"{engine}={key_id}" for engine in sorted(self.keys) for key_id in sorted(self.keys[engine]))

    def may_use(self, key_id: str, engine: str) -> bool:
        """Whether a key may use an engine."""
        return key_id in self.keys.get(engine, {key_id})


def read_engine_keys(text: str) -> EngineKeys:
    """Read "wav2lip=key_1,wav2lip=key_2".

    Raises:
        ValueError: when an entry is of another form.
    """
    keys: dict[str, frozenset[str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        engine, mark, key_id = (part.strip() for part in entry.partition("="))
        if not (engine and mark and key_id):
            raise ValueError(f"{_EXPECTED}: {entry!r}")
        keys[engine] = keys.get(engine, frozenset()) | {key_id}
    return EngineKeys(keys)
