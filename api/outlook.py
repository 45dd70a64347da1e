"""What is ahead of a job: its place in the queue, and about how long it takes to its end.

`queue_position` counts the jobs before this one, of any key, that have not ended: one count over an index of the
records. It is approximate, as the queue takes keys by turns.

`eta_s` of a waiting job is the mean time of its engine's last 20 jobs that succeeded, scaled by the length of its
script where it has one, once those before it are done; and they end as far apart as recent jobs of all engines ended,
which is what many workers at once show. A running job tells more and more by itself: what it has taken for the
percentage that is done is weighed against that mean, and from the middle on counts alone.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from api.services import services
from contracts.credits import spoken_s
from contracts.jobs import JobView, Status
from storage.jobs import JobRecord
from storage.pace import Pace

#: From this percentage on a job's own time tells something, and from the other on everything.
_TELLING, _TRUSTED = 10, 50
#: Before that, seconds, it tells nothing, as after a retry that kept what was finished.
_TELLING_S = 2.0
#: A script's length is an estimate: it makes a job at most so many times as long or as short as others.
_MOST_TIMES = 5.0

#: Gives the pace of an engine by its name.
Paces = Callable[[str], Pace]


class Outlook(TypedDict):
    """What is ahead of a job; both null when it has ended, `eta_s` also where nothing tells it."""

    queue_position: int | None
    eta_s: int | None


def outlook(record: JobRecord, view: JobView, paces: Paces) -> Outlook:
    """Say what is ahead of a job, as a view of it shows it."""
    if view.status.is_terminal:
        return Outlook(queue_position=None, eta_s=None)
    pace = paces(record.engine)
    each_s = pace.each_s * _times(record, pace)
    if view.status is Status.RUNNING:
        return Outlook(queue_position=0, eta_s=_seconds(remaining_s(view, each_s, _elapsed_s(view))))
    ahead = services().records.jobs.ahead(record.number)
    return Outlook(queue_position=ahead, eta_s=_seconds(each_s + ahead * pace.apart_s if each_s else 0.0))


def remaining_s(view: JobView, each_s: float, elapsed_s: float) -> float:
    """How long a running job will still take, in seconds; 0 when nothing tells.

    Args:
        view: says how far it is.
        each_s: how long such jobs take, 0 when that is not known.
        elapsed_s: how long it has run.
    """
    usual_s = each_s * (100 - view.percent) / 100
    if view.percent < _TELLING or elapsed_s < _TELLING_S:
        return usual_s
    own_s = elapsed_s * (100 - view.percent) / view.percent
    trust = min((view.percent - _TELLING) / (_TRUSTED - _TELLING), 1.0) if each_s else 1.0
    return trust * own_s + (1 - trust) * usual_s


def _times(record: JobRecord, pace: Pace) -> float:
    """How many times as long as others' a job's output is expected to be; 1 where that is not known."""
    length_s = spoken_s(record.request.script)
    if not length_s or not pace.length_s:
        return 1.0
    return min(max(length_s / pace.length_s, 1 / _MOST_TIMES), _MOST_TIMES)


def _elapsed_s(view: JobView) -> float:
    if not view.started_at:
        return 0.0
    return max((services().clock() - datetime.fromisoformat(view.started_at)).total_seconds(), 0.0)


def _seconds(estimate: float) -> int | None:
    return max(1, round(estimate)) if estimate else None
