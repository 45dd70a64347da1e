"""The installed engines: how they stand, what their files are, and whether one really loads."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path

from contracts.engines import EngineState, Need
from contracts.errors import MouthpieceError
from contracts.settings import Settings
from engines import registry
from engines.needs import found_files


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file that an engine needs, as it is found: `path` is None where there is none."""

    need: Need
    path: Path | None
    said: str


def all_states(settings: Settings) -> list[EngineState]:
    """Every installed engine, as far as can be told without reading weights."""
    return [registry.state(name, settings) for name in registry.names()]


def tried(name: str, settings: Settings) -> EngineState:
    """How an engine stands once it was loaded, weights and all."""
    state = registry.state(name, settings)
    if state.fault:
        return state
    try:
        registry.load(name, settings)
    except MouthpieceError as fault:
        return replace(state, fault=str(fault), remedy=fault.remedy)
    except Exception as fault:
        # Somebody else's package may fail in any way.
        return replace(state, fault=f"{name} does not load: {type(fault).__name__}: {fault}")
    return state


def files(state: EngineState, settings: Settings) -> Iterator[FoundFile]:
    """What an engine needs, and what there is of it: SHA-256s are computed, which takes seconds for each gigabyte."""
    for need in state.info.needs if state.info else ():
        found = found_files(need, settings.models_dir / state.name)
        if not found:
            yield FoundFile(need=need, path=None, said="missing")
        for path in found:
            yield FoundFile(need=need, path=path, said=_compared(path, need))


def _compared(path: Path, need: Need) -> str:
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        return f"cannot be read: {fault.strerror}"
    if not need.sha256:
        return f"sha256 {digest}"
    known = "a published file" if digest in need.sha256 else "none of the published files known here"
    return f"sha256 {digest}, {known}"
