"""What keeps generated requests from ending the run, and lets some of them come to something.

Loaded by schemathesis through SCHEMATHESIS_HOOKS; `KEY` and `FILES` name the environment variables it reads.
"""

import itertools
import os
import re
import sys
import time
import uuid
from http import HTTPStatus

import requests
import schemathesis

from api.fields import URL_PATTERN
from api.sync_fields import LONGEST_ENGINE
from contracts.timings import LATEST_S

IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,200}")

KEY, FILES = "MOUTHPIECE_FUZZ_KEY", "MOUTHPIECE_FUZZ_FILES"

#: What the files that are served are called, by the fields that take them.
REAL = {
    **dict.fromkeys(("image", "image_url", "source"), "face.png"),
    **dict.fromkeys(("video", "srcVideoUrl"), "video.mp4"),
    **dict.fromkeys(("audio", "left_audio", "right_audio", "audioUrl", "vocalAudioUrl"), "short.wav"),
    "mask_image": "face.png",
}
#: And names under which there is none: a job of them ends at once, where one of any host's would wait for its answer.
MISSING = {field: f"no-{name}" for field, name in REAL.items()}

#: One call in so many gets what it needs to come to something, for each such job takes its time.
EVERY = 15
_CALLS = itertools.count()

#: What is written to stderr each time that the service was busy.
BUSY = "busy, asking again"
PATIENCE = 5


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, object]) -> None:
    """Change what would make every other request fail or wait, and nothing else."""
    _make_key_unique(case)
    _spare_own_key(case)
    _wait_briefly(case)
    _put_in_order(case.body)
    _name_an_engine(case.body)
    _name_served_files(case.body, REAL if next(_CALLS) % EVERY == 0 else MISSING)


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Ask again where the service says that it is busy, as it tells its clients to: the last answer counts."""
    for _ in range(PATIENCE):
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE or "retry-after" not in response.headers:
            return
        print(BUSY, case.method, case.path, file=sys.stderr, flush=True)
        time.sleep(float(response.headers["retry-after"][0]))
        with requests.Session() as session:
            again = session.send(response.request, timeout=20, allow_redirects=False)
        later = schemathesis.Response.from_requests(again, verify=response.verify, _override=response._override)
        for field in schemathesis.Response.__slots__:
            setattr(response, field, getattr(later, field))


def _make_key_unique(case: schemathesis.Case) -> None:
    """Two requests that differ must not share an idempotency key by chance."""
    sent = (case.headers or {}).get("Idempotency-Key")
    if isinstance(sent, str) and IDEMPOTENCY_KEY.fullmatch(sent):
        case.headers["Idempotency-Key"] = f"{sent}{uuid.uuid4()}"


def _spare_own_key(case: schemathesis.Case) -> None:
    """The key that the requests carry must not be revoked by one of them."""
    if (case.path_parameters or {}).get("key_id") == os.environ[KEY].split("_")[1]:
        case.path_parameters["key_id"] = "00000000"


def _wait_briefly(case: schemathesis.Case) -> None:
    sent = str((case.query or {}).get("wait", ""))
    if sent.isascii() and sent.isdecimal() and 1 < int(sent) <= 60:
        case.query["wait"] = 1


def _put_in_order(body: object) -> None:
    """A schema cannot say that times come one after the other, nor that words want a language."""
    if not isinstance(body, dict):
        return
    for field, value in [*body.items()]:
        if field in ("timings", "left_timings", "right_timings") and isinstance(value, list):
            if all(isinstance(entry, dict) and _has_times(entry) for entry in value):
                for number, entry in enumerate(value):
                    entry |= {"start": number, "end": number + 1}
            body["language"] = body.get("language") or "en"
        _put_in_order(value)


def _has_times(entry: dict[str, object]) -> bool:
    times = (entry.get("start"), entry.get("end"))
    return all(isinstance(time, int | float) and not isinstance(time, bool) and 0 <= time <= LATEST_S for time in times)


def _name_an_engine(body: object) -> None:
    """A schema cannot say which engines the workers have."""
    if isinstance(body, list):
        for each in body:
            _name_an_engine(each)
    if not isinstance(body, dict):
        return
    for field, value in body.items():
        if field == "engine" and isinstance(value, str) and 0 < len(value) <= LONGEST_ENGINE:
            body[field] = "trivial"
        _name_an_engine(value)


def _name_served_files(body: object, names: dict[str, str]) -> None:
    """Let addresses that may be fetched lead to the served files."""
    if isinstance(body, list):
        for each in body:
            _name_served_files(each, names)
    if not isinstance(body, dict):
        return
    for field, value in body.items():
        if field in names and isinstance(value, str) and re.search(URL_PATTERN, value):
            body[field] = f"{os.environ[FILES]}/{names[field]}"
        _name_served_files(value, names)
