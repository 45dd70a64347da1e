"""A real S3 server for tests: Versity's gateway over a folder, built once by its module name and kept."""

import fcntl
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.settings import Secret, Settings

MODULE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
BUCKET = "media"

#: Building takes minutes, once on each machine.
BUILD_TIMEOUT_S = 900

_ACCESS, _SECRET = "tester", "only for tests"  # pragma: allowlist secret
_START_S = 90


@dataclass
class S3Server:
    """A server with one bucket, which tests may stop and start again."""

    program: Path
    folder: Path
    port: int
    address: str = "127.0.0.1"
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}:{self.port}"

    def settings(self, data_dir: Path) -> Settings:
        return Settings(
            data_dir=data_dir,
            s3_bucket=BUCKET,
            s3_endpoint=self.endpoint,
            s3_access_key_id=_ACCESS,
            s3_secret_access_key=Secret(_SECRET),
        )

    def environ(self) -> dict[str, str]:
        """The same settings as an operator gives them."""
        return {
            "MOUTHPIECE_S3_BUCKET": BUCKET,
            "MOUTHPIECE_S3_ENDPOINT": self.endpoint,
            "MOUTHPIECE_S3_ACCESS_KEY_ID": _ACCESS,
            "MOUTHPIECE_S3_SECRET_ACCESS_KEY": _SECRET,
        }

    def stored(self) -> set[str]:
        """Every blob that is whole."""
        root = self.folder / BUCKET
        # Unlike `rglob`, a walk passes over folders that go while it looks.
        files = ((Path(place) / name).relative_to(root) for place, _, names in os.walk(root) for name in names)
        return {str(path) for path in files if path.parts[0] != ".sgwtmp"}

    def unfinished(self) -> list[Path]:
        """What is left of uploads in parts that were neither finished nor given up."""
        return [path for path in (self.folder / BUCKET / ".sgwtmp").rglob("*") if path.is_file()]

    def command(self) -> list[str]:
        """What runs it, for one who starts it elsewhere."""
        arguments = ["--access", _ACCESS, "--secret", _SECRET, "--port", f"{self.address}:{self.port}", "--quiet"]
        return [str(self.program), *arguments, "posix", str(self.folder)]

    def start(self) -> None:
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self.process.poll() is None, "the S3 server ended"
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.endpoint, timeout=1)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return True
        except OSError:
            return False
        return True


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """Run the server over a folder."""
    (folder / BUCKET).mkdir(parents=True)
    server = S3Server(program=built_program(), folder=folder, port=_free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


def built_program() -> Path:
    """Build the server into the user's cache, unless it is there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "mouthpiece-tests" / f"versitygw-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "versitygw"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _build(folder)
    return program


def _build(folder: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip(f"no Go toolchain to build {MODULE}@{VERSION} with: install Go 1.25 or newer")
    built = subprocess.run(
        ["go", "install", f"{MODULE}@{VERSION}"],
        env=os.environ | {"GOBIN": str(folder)},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
    )
    assert built.returncode == 0, f"{MODULE}@{VERSION} cannot be built:\n{built.stderr[-2000:]}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
