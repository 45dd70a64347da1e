"""Hostile files through the step that takes files in: refused in clear words, with nothing read and nobody asked."""

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.fetch import Fetch
from activities.fetch_turns import FetchTurns
from activities.workplace import Workplace
from contracts.jobs import MediaRef, Role
from contracts.settings import Settings
from contracts.steps import FetchInput
from storage.blobs import LocalBlobs
from tests.hostile.media import EITHER, HostileFile, files

pytestmark = pytest.mark.unit

#: So many are looked into at once.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """A file, and what came of it: the code and words of its refusal, or nothing."""

    file: HostileFile
    code: str
    words: str


class Watch:
    """A local file and a site that nobody is to touch: a pipe that tells when it is read, and a port."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "secret"
        os.mkfifo(self.secret)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.05)
        self.touched: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/a.ts"

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.listener.close()

    def _look(self) -> None:
        while not self._over.is_set():
            try:
                self.listener.accept()[0].close()
                self.touched.append("the site was asked")
            except TimeoutError:
                pass
            try:
                os.close(os.open(self.secret, os.O_WRONLY | os.O_NONBLOCK))
                self.touched.append("the file was opened")
            except OSError:
                pass  # Nobody reads it.


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    watch = Watch(tmp_path_factory.mktemp("watched"))
    yield watch
    watch.close()


def _workplace(folder: Path) -> Workplace:
    settings = Settings.from_env({"MOUTHPIECE_DATA_DIR": str(folder)})
    return Workplace(settings=settings, blobs=LocalBlobs(folder / "blobs"))


def _tried(workplace: Workplace, number: int, file: HostileFile) -> Trial:
    path = workplace.settings.data_dir / f"{number}"
    path.write_bytes(file.data)
    workplace.blobs.put(f"uploads/{number}", path)
    media = MediaRef(role=file.role, field=file.role, blob=f"uploads/{number}")
    try:
        ActivityEnvironment().run(Fetch(workplace, FetchTurns(8)).fetch, FetchInput(job_id=f"job{number}", media=media))
    except ApplicationError as fault:
        return Trial(file, fault.type or "", fault.message)
    return Trial(file, "", "")


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory, watch: Watch) -> list[Trial]:
    folder = tmp_path_factory.mktemp("hostile")
    workplace = _workplace(folder / "data")
    workplace.settings.data_dir.mkdir()
    given = files(folder / "real", str(watch.secret), watch.site)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(lambda pair: _tried(workplace, *pair), enumerate(given)))


def test_every_hostile_file_gets_its_verdict_in_clear_words(trials: list[Trial]) -> None:
    refusals = {"unreadable_media", "media_too_large", "media_too_long"}
    wrong = [
        (trial.file.name, trial.code, trial.words)
        for trial in trials
        if (trial.code not in refusals | {""} if trial.file.verdict == EITHER else trial.code != trial.file.verdict)
        or (trial.code and not trial.words.startswith(f"{trial.file.role}: "))
    ]

    assert not wrong
    assert len(trials) > 300


def test_none_of_them_reads_a_local_file_or_asks_a_site(trials: list[Trial], watch: Watch) -> None:
    assert trials
    assert not watch.touched


def test_none_of_them_crashes_a_decoder_or_exhausts_its_bounds(trials: list[Trial]) -> None:
    assert not [
        (trial.file.name, trial.words) for trial in trials if "crashes" in trial.words or "takes too" in trial.words
    ]


def test_the_watch_sees_who_reads_the_file_and_who_asks_the_site(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    socket.create_connection(("127.0.0.1", watch.listener.getsockname()[1])).close()
    threading.Thread(target=watch.secret.read_bytes, daemon=True).start()

    while len(set(watch.touched)) < 2:
        threading.Event().wait(0.05)
    watch.close()


def test_an_upload_by_a_name_that_leads_elsewhere_is_read_as_what_it_is(tmp_path: Path) -> None:
    workplace = _workplace(tmp_path)
    blob = tmp_path / "blobs" / "uploads" / "link"
    blob.parent.mkdir(parents=True)
    blob.symlink_to("/etc/hostname")
    media = MediaRef(role=Role.AUDIO, field="audio", blob="uploads/link")

    with pytest.raises(ApplicationError, match="not an audio file"):
        ActivityEnvironment().run(Fetch(workplace, FetchTurns(8)).fetch, FetchInput(job_id="job1", media=media))
