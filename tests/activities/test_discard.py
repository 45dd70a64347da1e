from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.discard import Discard
from activities.workplace import Workplace
from contracts.inspections import DiscardInput
from tests.activities.media import write_voice

pytestmark = pytest.mark.unit


def test_what_was_fetched_goes_and_what_the_client_sent_stays(workplace: Workplace, tmp_path: Path) -> None:
    for key in ("jobs/inspect-1/inputs/audio-0", "jobs/inspect-2/inputs/audio-0", "uploads/k/u"):
        workplace.blobs.put(key, write_voice(tmp_path / "voice.wav"))

    for _ in range(2):
        ActivityEnvironment().run(Discard(workplace).discard, DiscardInput(job_id="inspect-1"))

    assert not workplace.blobs.exists("jobs/inspect-1/inputs/audio-0")
    assert workplace.blobs.exists("jobs/inspect-2/inputs/audio-0")
    assert workplace.blobs.exists("uploads/k/u")
