import pytest
from rich.progress import Progress

from scripts.progress import Stages

pytestmark = pytest.mark.unit


def test_a_stage_is_full_once_the_next_begins() -> None:
    shown = Progress(disable=True)
    stages = Stages(shown)

    stages("analyse", 0.97)
    stages("render", 0.2)

    assert [task.completed for task in shown.tasks] == [1.0, 0.2]
