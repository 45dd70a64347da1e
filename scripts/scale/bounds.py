"""What a run is held against."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds; None where there is none.

    Attributes:
        least_speedup: share of the ideal that the sleeping engine's segments must reach with each number of workers.
        least_jobs_per_s: from the first submission to the last end.
        most_status_p99_ms: of status calls while jobs wait.
        most_start_s: until another key's job starts while jobs wait, the longest of them.
    """

    least_speedup: float | None = None
    least_jobs_per_s: float | None = None
    most_status_p99_ms: float | None = None
    most_start_s: float | None = None


def missed(result: dict[str, object], bounds: Bounds) -> list[str]:
    """What is wrong with a result, in words: bounds that it misses, bytes that differ, jobs that were lost."""
    return [*_long_missed(result, bounds), *_jobs_missed(result.get("jobs"), bounds)]


def _long_missed(result: dict[str, object], bounds: Bounds) -> Iterator[str]:
    for part in ("long", "real"):
        found = result.get(part)
        if not isinstance(found, dict):
            continue
        if not found["bytes_equal"]:
            yield f"{part}: the bytes depend on the number of workers"
        for workers, run in found["runs"].items():
            if part == "long" and bounds.least_speedup and run["of_ideal"] < bounds.least_speedup:
                yield f"{part}: {run['of_ideal']} of the ideal with {workers} workers, not {bounds.least_speedup}"


def _jobs_missed(found: object, bounds: Bounds) -> Iterator[str]:
    if not isinstance(found, dict):
        return
    yield from (f"jobs: {finding}" for finding in found["audit"]["findings"])
    most = {
        "status p99 in ms": (found["status_ms"]["p99"], bounds.most_status_p99_ms),
        "seconds until another key's job starts": (found["another_key"]["most"]["start_s"], bounds.most_start_s),
    }
    yield from (
        f"jobs: {name}: {got}, more than {limit}" for name, (got, limit) in most.items() if limit and got > limit
    )
    if bounds.least_jobs_per_s and found["jobs_per_s"] < bounds.least_jobs_per_s:
        yield f"jobs: {found['jobs_per_s']} a second, fewer than {bounds.least_jobs_per_s}"
