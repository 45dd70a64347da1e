"""The schedule of webhooks: three days, with a delay of each one's own."""

import itertools
import re
import statistics
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.steps import NOTIFY
from contracts.webhooks import JITTER, LONGEST_ASKED, MOMENTS, PATIENCE, due, is_accepted, next_pause

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
ATTEMPTS = range(len(MOMENTS))


def test_the_schedule_begins_at_once_grows_and_spans_three_days() -> None:
    pauses = [after - before for before, after in itertools.pairwise(MOMENTS)]

    assert (MOMENTS[0], MOMENTS[-1]) == (timedelta(0), timedelta(days=3))
    assert pauses == sorted(pauses)


def test_the_documented_schedule_is_the_one_in_force() -> None:
    table = PAGE.split("| Attempt | After the first |")[1].split("\n\n")[0]
    units = {"s": "seconds", "min": "minutes", "h": "hours"}
    documented = [
        timedelta(**{units[unit]: int(number)})
        for row in table.splitlines()[2:]
        for number, unit in re.findall(r"(\d+) (s|min|h)\b", row.split("|")[2])
    ]

    assert tuple(documented) == MOMENTS[1:]
    assert f"up to {JITTER:.0%} of the pause".replace("%", " %") in PAGE


@pytest.mark.parametrize("attempt", ATTEMPTS[1:])
def test_an_attempt_comes_at_its_moment_or_up_to_a_fifth_of_the_pause_later(attempt: int) -> None:
    pause = MOMENTS[attempt] - MOMENTS[attempt - 1]
    late = [(due(f"msg_{number}", attempt) - MOMENTS[attempt]) / pause for number in range(500)]

    assert 0 <= min(late) < 0.02
    assert 0.18 < max(late) <= JITTER
    assert abs(statistics.mean(late) - JITTER / 2) < 0.01


def test_the_first_attempt_comes_at_once() -> None:
    assert due("msg_1", 0) == timedelta(0)


def test_the_delay_of_an_attempt_is_always_the_same() -> None:
    assert due("msg_1", 5) == due("msg_1", 5)
    assert due("msg_1", 5) != due("msg_2", 5)


@pytest.mark.parametrize("attempt", ATTEMPTS[:-1])
def test_attempts_made_when_due_follow_the_schedule(attempt: int) -> None:
    elapsed = due("msg_1", attempt)

    assert next_pause("msg_1", elapsed) == due("msg_1", attempt + 1) - elapsed


def test_moments_that_were_missed_are_not_made_up_for() -> None:
    pause = next_pause("msg_1", timedelta(hours=9))

    assert pause == due("msg_1", MOMENTS.index(timedelta(hours=12))) - timedelta(hours=9)


def test_a_timer_that_fires_a_little_early_uses_its_moment_up() -> None:
    pause = next_pause("msg_1", timedelta(seconds=4.9))

    assert pause == due("msg_1", 2) - timedelta(seconds=4.9)


def test_a_receiver_may_ask_for_a_longer_pause_and_never_for_a_shorter_one() -> None:
    usual = next_pause("msg_1", timedelta(0))

    assert usual is not None
    assert next_pause("msg_1", timedelta(0), timedelta(seconds=1)) == usual
    assert next_pause("msg_1", timedelta(0), timedelta(minutes=7)) == timedelta(minutes=7)
    assert next_pause("msg_1", timedelta(0), timedelta(days=2)) == LONGEST_ASKED


def test_there_is_an_end() -> None:
    assert next_pause("msg_1", MOMENTS[-1]) is None
    assert next_pause("msg_1", MOMENTS[-1] + LONGEST_ASKED, LONGEST_ASKED) is None


def test_the_last_attempt_is_in_time_however_long_pauses_were_asked_for() -> None:
    elapsed = last = timedelta(0)
    while (pause := next_pause("msg_1", elapsed, LONGEST_ASKED)) is not None:
        elapsed = last = elapsed + pause

    assert last < PATIENCE
    assert NOTIFY.schedule_to_close == PATIENCE


@pytest.mark.parametrize(("status", "accepted"), [(199, False), (200, True), (299, True), (300, False), (0, False)])
def test_only_2xx_is_a_receipt(status: int, accepted: bool) -> None:
    assert is_accepted(status) is accepted
