"""Whether an installed engine loads here, and if not, why."""

from dataclasses import dataclass

from contracts.errors import MouthpieceError
from contracts.settings import Settings
from engines import registry
from engines.base import EngineInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An engine as found: `info` when it loaded; `fault` and `remedy` when it cannot be used."""

    name: str
    info: EngineInfo | None = None
    fault: str = ""
    remedy: str = ""


def look(name: str, settings: Settings) -> Installed:
    """Load an engine, weights and all."""
    try:
        info = registry.load(name, registry.choose_device(settings.device)).info
    except MouthpieceError as fault:
        return Installed(name=name, fault=str(fault), remedy=fault.remedy)
    except Exception as fault:
        # Somebody else's package may fail in any way, and the others are still to be listed.
        return Installed(name=name, fault=f"does not load: {type(fault).__name__}: {fault}")
    lacks = f"lacks {', '.join(info.missing)}" if info.missing else ""
    return Installed(
        name=name, info=info, fault=lacks, remedy="Its own documentation says where to get it." if lacks else ""
    )


def names() -> list[str]:
    """Names of all installed engines."""
    return registry.names()
