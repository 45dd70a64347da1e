import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio import activity

from activities.analyse import Analyse
from activities.discard import Discard
from activities.fetch import Fetch
from activities.mix import Mix
from activities.notify import Notify
from activities.probe import Probe
from activities.prune import Prune
from activities.publish import Publish
from activities.registry import implementations
from activities.render import Render
from activities.settle import Settle
from activities.speak import Speak
from activities.survey import Survey
from contracts.settings import Settings
from contracts.steps import STEPS, Queue, Step

pytestmark = pytest.mark.unit

IMPLEMENTATIONS: dict[str, Callable[..., object]] = {
    "fetch": Fetch.fetch,
    "speak": Speak.speak,
    "mix": Mix.mix,
    "analyse": Analyse.analyse,
    "render": Render.render,
    "publish": Publish.publish,
    "settle": Settle.settle,
    "notify": Notify.notify,
    "probe": Probe.probe,
    "survey": Survey.survey,
    "discard": Discard.discard,
    "prune": Prune.prune,
}


def _described(function: Callable[..., object]) -> tuple[object, ...]:
    definition = activity._Definition.must_from_callable(function)
    return definition.name, definition.arg_types, definition.ret_type


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_stub_has_an_implementation_of_its_name_and_types(step: Step[object, object]) -> None:
    name, arguments, result = _described(IMPLEMENTATIONS[step.name])
    stub_name, stub_arguments, stub_result = _described(step.stub)

    assert (name, result) == (stub_name, stub_result)
    assert isinstance(arguments, list)
    assert arguments[-1:] == stub_arguments


@pytest.mark.parametrize("queue", [queue for queue in Queue if queue is not Queue.GPU])
def test_every_queue_runs_the_steps_that_are_sent_to_it(queue: Queue, settings: Settings) -> None:
    offered = {_described(function)[0] for function in implementations(queue, settings)}

    # Webhooks that were pending before `notify` had its queue are tried where they were sent to.
    earlier = {"notify"} if queue is Queue.CONTROL else set()
    assert offered == {step.name for step in STEPS if step.queue is queue} | earlier


def test_only_the_gpu_worker_loads_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from activities.registry import implementations;"
        "from contracts.settings import Settings; from contracts.steps import Queue; import scripts.worker;"
        "settings = Settings(data_dir=Path(sys.argv[1]));"
        "[implementations(queue, settings) for queue in Queue if queue is not Queue.GPU];"
        "sys.exit('torch' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60).returncode == 0
