"""What is ordered: short jobs of every kind, over every dialect, each with the same bytes whenever it is made."""

from collections.abc import Callable
from dataclasses import dataclass

Body = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Where the inputs are served: `files` without a trailing slash, `sound` in full."""

    files: str
    sound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A kind of order.

    Attributes:
        name: what it is called here.
        path: where it is posted.
        body: what is posted.
        reference: where in the answer the job's name is.
        has_webhook: its dialect can name a receiver.
        needs_sound: it names a file with the sound.
        has_seed: it names a seed; otherwise each job has its own, and its own bytes.
    """

    name: str
    path: str
    body: Callable[[Inputs], Body]
    reference: tuple[str, ...]
    has_webhook: bool = False
    needs_sound: bool = True
    has_seed: bool = True


def _portrait(seed: int) -> Recipe:
    def body(inputs: Inputs) -> Body:
        state: Body = {"image": f"{inputs.files}/face.png", "audio": inputs.sound}
        return {"formState": state | {"resolution": "480p", "seed": seed}}

    return Recipe(name=f"portrait-{seed}", path="/api/v1/lipsync-image", body=body, reference=("id",), has_webhook=True)


def _video(inputs: Inputs) -> Body:
    state: Body = {"video": f"{inputs.files}/talking.mp4", "audio": inputs.sound}
    return {"formState": state | {"seed": 5}}


def _pair(inputs: Inputs) -> Body:
    state: Body = {"image": f"{inputs.files}/pair.png", "order": "meanwhile", "seed": 2}
    return {"formState": state | {"left_audio": inputs.sound, "right_audio": inputs.sound}}


def _dub(inputs: Inputs) -> Body:
    return {"srcVideoUrl": f"{inputs.files}/talking.mp4", "audioUrl": inputs.sound, "videoParams": {"fps": "original"}}


def _script(inputs: Inputs) -> Body:
    return {
        "image_url": f"{inputs.files}/face.png",
        "script": "Hello world!",
        "voice_id": "voice_english_female_01",
    }


RECIPES = (
    _portrait(1),
    _portrait(2),
    Recipe(name="video", path="/api/v1/lipsync-video", body=_video, reference=("id",), has_webhook=True),
    Recipe(name="pair", path="/api/v1/lipsync-image-multi", body=_pair, reference=("id",), has_webhook=True),
    Recipe(name="dub", path="/api/v1/lipsync/submit", body=_dub, reference=("jobId",), has_seed=False),
    Recipe(name="task", path="/api/async/lipsync", body=_dub, reference=("data", "taskId"), has_seed=False),
    Recipe(
        name="script", path="/api/v1/generate", body=_script, reference=("job_id",), needs_sound=False, has_seed=False
    ),
)

BY_NAME = {recipe.name: recipe for recipe in RECIPES}
