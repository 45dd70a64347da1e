"""Removes some of what is older than it is to be kept."""

from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from activities.boundary import alive, at_boundary
from activities.workplace import Workplace
from contracts.retention import PruneInput, PruneResult
from storage.records import Records
from storage.retention import Retention

#: Most things that one step removes: what is lost of it when its worker dies is little.
MOST = 200


@dataclass(frozen=True, slots=True)
class Prune:
    """The step `prune`."""

    workplace: Workplace
    records: Records

    @activity.defn(name="prune", no_thread_cancel_exception=True)
    @at_boundary
    def prune(self, step: PruneInput) -> PruneResult:
        """Remove what is due, up to so many things."""
        found = Retention(self.workplace.settings, self.records, self.workplace.blobs, _now, alive)
        return found.prune(step.phase, step.cursor, MOST)


def _now() -> datetime:
    return datetime.now(UTC)
