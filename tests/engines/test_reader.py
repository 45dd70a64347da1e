import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from contracts.errors import Unavailable
from contracts.jobs import Role
from engines.cage import probe_apart
from engines.reader import ROOT
from engines.video_apart import VideoApart
from tests.engines.generated_media import pictures, write_sound, write_video
from tests.engines.readers import keepers, readers

pytestmark = pytest.mark.unit

#: A process that reads a file for ever, and tells of the keeper it did it by.
_WORKER = """
import sys
from pathlib import Path
from contracts.jobs import Role
from engines.cage import probe_apart
from tests.engines.readers import keepers, readers

def tell():
    print(*keepers(), *readers(), flush=True)

probe_apart(Path(sys.argv[1]), Role.AUDIO, "audio", waiting=tell)
"""


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "a.wav")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "endless")
    return tmp_path / "endless"


@pytest.fixture
def worker(endless: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process in the midst of a file, and the ids of its keeper and its reader."""
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(endless)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdout
        family = next(ids for line in process.stdout if len(ids := [int(word) for word in line.split()]) == 2)
        yield process, family
        process.kill()


def _probe(path: Path, waiting: Callable[[], None] = lambda: None) -> None:
    probe_apart(path, Role.AUDIO, "audio", waiting=waiting)


def _lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def _all_gone(pids: list[int], patience_s: float = 60.0) -> bool:
    ends_at = time.monotonic() + patience_s
    while any(map(_lives, pids)) and time.monotonic() < ends_at:
        time.sleep(0.02)
    return not any(map(_lives, pids))


def test_one_keeper_serves_all_files_and_threads(sound: Path) -> None:
    _probe(sound)
    (keeper,) = keepers()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(_probe, [sound] * 40))

    assert keepers() == [keeper]
    assert not readers()
    assert len(os.listdir(f"/proc/{keeper}/fd")) <= 8


def test_the_keeper_has_one_thread_and_none_of_the_workers_files_and_secrets(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _end_keepers()
    monkeypatch.setenv("MOUTHPIECE_SECRET", "only for tests")
    with sound.open("rb") as held:
        os.set_inheritable(held.fileno(), True)
        _probe(sound)

    (keeper,) = keepers()
    folder = Path(f"/proc/{keeper}")
    assert b"MOUTHPIECE" not in (folder / "environ").read_bytes()
    assert len(list((folder / "task").iterdir())) == 1
    assert str(sound) not in {os.readlink(each) for each in (folder / "fd").iterdir()}


def test_what_the_keeper_forks_has_few_files_to_close_however_many_the_worker_may_open(
    sound: Path, raised: None
) -> None:
    _end_keepers()
    _probe(sound)

    (keeper,) = keepers()
    assert resource.prlimit(keeper, resource.RLIMIT_NOFILE)[0] <= 1024


@pytest.fixture
def raised() -> Iterator[None]:
    """As many open files as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _end_keepers() -> None:
    for keeper in keepers():
        os.kill(keeper, signal.SIGKILL)
        assert _all_gone([keeper])


def test_where_files_ran_out_none_stays_open(sound: Path) -> None:
    _probe(sound)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before, ended = _open_files(), list[str]()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before) + 40, hard))
    try:
        for free in range(12):
            with _all_taken_but(free):
                try:
                    _probe(sound)
                except (OSError, Unavailable):
                    ended.append("refused")
                else:
                    ended.append("read")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert set(ended) == {"refused", "read"}
    assert _open_files() == before


def _open_files() -> set[int]:
    with os.scandir("/proc/self/fd") as found:
        return {int(each.name) for each in found if "/proc/" not in os.readlink(each.path)}


@contextmanager
def _all_taken_but(free: int) -> Iterator[None]:
    """Open as many files as this process may have, less so many."""
    taken: list[int] = []
    with suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    try:
        for _ in range(free):
            os.close(taken.pop())
        yield
    finally:
        for each in taken:
            os.close(each)


def test_a_keeper_that_was_killed_is_started_anew(sound: Path) -> None:
    _probe(sound)
    (keeper,) = keepers()
    os.kill(keeper, signal.SIGKILL)
    assert _all_gone([keeper])

    _probe(sound)

    assert keepers() != [keeper]


def test_a_keeper_killed_in_the_midst_of_a_file_takes_its_reader_along_and_is_nobodys_fault(
    endless: Path, sound: Path
) -> None:
    seen: list[int] = []

    def kill() -> None:
        seen.extend(readers())
        if seen:
            for keeper in keepers():
                os.kill(keeper, signal.SIGKILL)

    with pytest.raises(Unavailable, match="could not be looked into at the moment"):
        _probe(endless, kill)

    assert seen
    assert _all_gone(seen)
    _probe(sound)


def test_a_crash_of_one_reader_leaves_the_others_at_work(tmp_path: Path, endless: Path) -> None:
    frames = VideoApart(write_video(tmp_path / "a.mp4", pictures(200, 320, 240))).frames_at(range(200), (320, 240))
    next(frames)
    (decoder,) = readers()

    def crash() -> None:
        for reader in readers():
            if reader != decoder:
                os.kill(reader, signal.SIGSEGV)

    with pytest.raises(Exception, match="its decoder crashes on it"):
        _probe(endless, crash)
    assert len(list(frames)) == 199


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_keeper_and_readers_end_with_the_worker_however_it_ends(
    worker: tuple[subprocess.Popen[str], list[int]], number: signal.Signals
) -> None:
    process, family = worker
    assert all(map(_lives, family))

    process.send_signal(number)

    assert _all_gone([process.pid, *family])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_of_the_whole_group_is_left_to_the_worker(
    worker: tuple[subprocess.Popen[str], list[int]], number: signal.Signals
) -> None:
    _, family = worker
    for each in family:
        os.kill(each, number)

    assert not _all_gone(family, patience_s=0.5)
