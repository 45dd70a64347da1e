"""How fast jobs have been done lately."""

from dataclasses import dataclass

from storage.database import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long recent jobs of one engine, or of all, took; 0 while there are none.

    Attributes:
        each_s: seconds that one took, on average.
        apart_s: seconds between the ends of any engine's jobs.
        length_s: seconds of output that one made, on average.
    """

    each_s: float = 0.0
    apart_s: float = 0.0
    length_s: float = 0.0


#: Any engine's last 20 jobs that succeeded, and an engine's own; the indexes hold them in this order.
PACE = """
    SELECT recent.jobs, recent.any_s, recent.span_s, own.each_s, own.length_s FROM (
        SELECT COUNT(*) AS jobs, AVG(execution_ms) / 1000 AS any_s,
            (MAX(julianday(finished_at)) - MIN(julianday(finished_at))) * 86400 AS span_s
        FROM (SELECT execution_ms, finished_at FROM jobs WHERE status = 'succeeded' ORDER BY number DESC LIMIT 20)
    ) AS recent, (
        SELECT AVG(execution_ms) / 1000 AS each_s, AVG(duration_s) AS length_s
        FROM (
            SELECT execution_ms, duration_s FROM jobs
            WHERE status = 'succeeded' AND json_extract(request, '$.engine') = :engine
            ORDER BY number DESC LIMIT 20
        )
    ) AS own
"""
PACE_OF_ALL = PACE.replace("AND json_extract(request, '$.engine') = :engine", "")


def pace_of(row: Row | None) -> Pace:
    """Read what `PACE` found."""
    if not row or not row["jobs"]:
        return Pace()
    any_s, jobs = float(row["any_s"] or 0), int(row["jobs"])
    apart_s = float(row["span_s"] or 0) / (jobs - 1) if jobs > 1 else any_s
    return Pace(
        each_s=float(row["each_s"] or 0),
        # Between jobs there may have been nothing to do.
        apart_s=min(apart_s, any_s),
        length_s=float(row["length_s"] or 0),
    )
