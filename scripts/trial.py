"""A stack of one's own for a short while, as the demo, the benchmarks and the end-to-end tests need it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from contracts.errors import InternalError
from contracts.settings import environment
from scripts.listening import listening
from scripts.supervise import bound

_STOP_PATIENCE_S = 30

_SOURCES = Path(__file__).resolve().parent.parent

#: Settings under which jobs cost nothing but orchestration: the engine of `tests/trivial_engine`, over these sources.
TRIVIAL_ENGINE = {
    "MOUTHPIECE_ENGINE": "trivial",
    "PYTHONPATH": os.pathsep.join(map(str, (_SOURCES / "tests" / "trivial_engine", _SOURCES))),
}


class TrialFailed(InternalError):
    """The stack did not come up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A running stack: where it answers, a key for it, its folder, and the process of `mouthpiece up`."""

    url: str
    key: str
    data: Path
    process: subprocess.Popen[str]

    def pids(self, *words: str) -> list[int]:
        """Process ids of the stack's own programs whose command line holds all of `words` ("worker", "gpu")."""
        return [pid for pid, command in _descendants(self.process.pid) if all(word in command for word in words)]


@contextmanager
def running(
    environ: Mapping[str, str] | None = None,
    data: Path | None = None,
    log: Path | None = None,
    config: Path | None = None,
) -> Iterator[Trial]:
    """Run `mouthpiece up` on free ports and stop it at the end; loopback addresses may be fetched from.

    To be used from the main thread: the stack is `bound` to it, so that it ends even when this process is killed.

    Args:
        environ: settings on top of the environment of this process.
        data: the data folder; a temporary one by default.
        log: where the stack's log lines go; to stderr by default.
        config: a description of the stack; the sources' own by default.

    Raises:
        TrialFailed: when the stack ended before it was ready.
    """
    with tempfile.TemporaryDirectory(prefix="mouthpiece-") as folder:
        home = data or Path(folder) / "data"
        command = [sys.executable, "-m", "scripts.cli", "up", "--port", "0", "--data", str(home)]
        command += ["--config", str(config)] if config else []
        settings = {"MOUTHPIECE_FETCH_ALLOW": "127.0.0.0/8,::1"} | dict(environ or {})
        with _sink(log) as sink:
            process = subprocess.Popen(  # nosec B603 # this program's own command
                bound(command), env=environment() | settings, stdout=subprocess.PIPE, stderr=sink, text=True
            )
            try:
                url, key = _ready(process)
                yield Trial(url=url, key=key, data=home, process=process)
            finally:
                _stop(process)


@contextmanager
def _sink(log: Path | None) -> Iterator[int | None]:
    if log is None:
        yield None
        return
    with log.open("ab") as file:
        yield file.fileno()


def _ready(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Read stdout up to the line `ready URL KEY`."""
    for line in process.stdout or ():
        words = line.split()
        if words[:1] == ["ready"]:
            return words[1], words[2]
    raise TrialFailed(f"mouthpiece up ended with code {process.wait()} before it was ready")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def _descendants(pid: int) -> list[tuple[int, list[str]]]:
    """Every process below `pid` with its command line, from /proc."""
    found = []
    for child in children(pid):
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        found += [(child, command), *_descendants(child)]
    return found


def children(pid: int) -> list[int]:
    """Processes that the threads of one have started; it and they may end meanwhile."""
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return found
    for thread in threads:
        with suppress(OSError):
            found += map(int, (thread / "children").read_text().split())
    return found


@contextmanager
def serving(folder: Path, address: str = "127.0.0.1") -> Iterator[str]:
    """Serve a folder's files over HTTP on an address; yields the URL without a trailing slash."""
    with listening(partial(_QuietFiles, directory=str(folder)), address) as url:
        yield url


class _QuietFiles(SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def kill_all(pids: list[int]) -> None:
    """SIGKILL each process that still lives."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
