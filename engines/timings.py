"""Phone timings on disk: JSON `[[symbol, start_s, end_s], …]`, from the synthesiser to the engine that moves lips."""

import json
from collections.abc import Sequence
from pathlib import Path

from contracts.errors import EngineFault
from engines.base import TimedPhone

#: Times are kept to a hundredth of a sample at common rates; more digits would only be noise of the arithmetic.
_DIGITS = 6


def write_timings(phones: Sequence[TimedPhone], path: Path) -> None:
    """Write phones, in the order given."""
    rows = [[phone.symbol, round(phone.start_s, _DIGITS), round(phone.end_s, _DIGITS)] for phone in phones]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def read_timings(path: Path) -> tuple[TimedPhone, ...]:
    """Read what `write_timings` wrote.

    Raises:
        EngineFault: when the file is something else.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return tuple(
            TimedPhone(symbol=str(symbol), start_s=float(start), end_s=float(end)) for symbol, start, end in rows
        )
    except (ValueError, TypeError) as fault:
        raise EngineFault("the speech's timings are damaged") from fault
