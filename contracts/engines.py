"""How lip-sync engines are described: what they can do, what files they need, and how they stand on the workers."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from temporalio.converter import value_to_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine can do with a request."""

    portrait: bool = True
    video: bool = True
    several_faces: bool = False
    prompt: bool = False
    enhance: bool = False
    seed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A file that an engine cannot run without, and that does not come with it.

    Attributes:
        what: its part: "the generator".
        paths: where it is looked for below the engine's folder, wildcards allowed; any one match is enough.
        licence: of the file.
        source: where people get it.
        sha256: of the files that are known to be published, in hexadecimal; others are taken, if their layout fits.
    """

    what: str
    paths: tuple[str, ...]
    licence: str
    source: str
    sha256: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.what} ({' or '.join(self.paths)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """How an engine is listed.

    Attributes:
        name: as requests and settings name it; also that of its folder of files.
        summary: what it does, in a sentence.
        licence: of its code and its weights.
        notice: terms of its weights that are not those of free software, in a sentence; the engine runs only where the
            operator accepts them. "" for none.
        capabilities: what it can do.
        needs: the files that it cannot run without.
        vram_bytes: memory of a GPU that it takes, about; 0 where it takes none.
        analysis_version: to be raised when `render_segment` can no longer take what `analyse` returned before, or would
            draw what does not fit what was drawn of it: such jobs are analysed again.
    """

    name: str
    summary: str
    licence: str
    notice: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    needs: tuple[Need, ...] = ()
    vram_bytes: int = 0
    analysis_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """An engine as a machine has it.

    Attributes:
        info: what it says of itself; None when it cannot be loaded as far as that.
        fault: why it cannot be used, in words; "" when it can.
        remedy: what the operator can do about that.
    """

    name: str
    info: EngineInfo | None = None
    fault: str = ""
    remedy: str = ""


def write_states(states: Iterable[EngineState]) -> str:
    """The states as JSON text."""
    return json.dumps([asdict(state) for state in states])


def read_states(text: str) -> tuple[EngineState, ...]:
    """Undo `write_states`; what a later release adds is left out.

    Raises:
        ValueError: when the text is something else.
    """
    try:
        states: tuple[EngineState, ...] = value_to_type(tuple[EngineState, ...], json.loads(text))
    except (TypeError, RuntimeError) as error:
        raise ValueError("not a list of engines") from error
    return states
