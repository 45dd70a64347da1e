"""The service that is struck: several workers, a disk of its own that can be filled, a store that can go away."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from contracts.settings import Secret, Settings
from scripts.chaos.plan import Fault
from scripts.stack import DEFAULT
from scripts.trial import TRIVIAL_ENGINE, Trial, running
from storage.records import Records
from tests.s3_server import S3Server, running_s3

_DISK_MIB = 384
_WORKERS = [
    {"name": "gpu", "queues": ["gpu"], "processes": 2},
    {"name": "flow", "queues": ["flow"], "processes": 1},
    {"name": "io", "queues": ["io", "control"], "processes": 1},
    {"name": "notify", "queues": ["notify"], "processes": 1},
]
_ENVIRON = {
    "MOUTHPIECE_SEGMENT_S": "1",
    "MOUTHPIECE_TORCH_THREADS": "1",
    "MOUTHPIECE_FETCH_ALLOW": "127.0.0.0/8,::1",
    "MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0",
    # Looked at with a clock that is put forward, what dead processes left is to be told from keys of that age.
    "MOUTHPIECE_IDEMPOTENCY_TTL_S": "864000",
}


@dataclass(slots=True)
class Stand:
    """A running service and what it stands on.

    Attributes:
        trial: the stack of the moment; `up_again` makes it another.
        folder: holds the log, the store, and the disk.
        disk: the small disk that the data folder lies on; None where none could be made.
        store: the S3 server; None where blobs lie in the data folder.
        environ: the stack's settings.
    """

    folder: Path
    disk: Path | None
    store: S3Server | None
    environ: dict[str, str]
    _running: ExitStack = field(default_factory=ExitStack)
    _trial: Trial | None = None

    @property
    def trial(self) -> Trial:
        """The stack of the moment."""
        if self._trial is None:
            raise RuntimeError("the stack is not running")
        return self._trial

    @property
    def data(self) -> Path:
        """The data folder."""
        return (self.disk or self.folder) / "data"

    def settings(self) -> Settings:
        """What the stack's parts are set to."""
        return Settings.from_env(self.environ | {"MOUTHPIECE_DATA_DIR": str(self.data)})

    def up(self) -> None:
        """Start the stack."""
        config = self.folder / "stack.yaml"
        config.write_text(yaml.safe_dump(yaml.safe_load(DEFAULT.read_text()) | {"workers": _WORKERS}))
        log = self.folder / "service.log"
        self._trial = self._running.enter_context(running(self.environ, self.data, log, config))

    def down(self) -> None:
        """Stop the stack, if it still runs."""
        self._running.close()
        self._trial = None

    def up_again(self) -> None:
        """Start the stack on the same data, after it was stopped or killed; until then `trial` is the old one."""
        self._running.close()
        self.up()

    def webhook_secret(self) -> Secret:
        """What webhooks of the stack's key are signed with."""
        records = Records(self.data / "records.db")
        try:
            return records.keys.webhook_secret(self.trial.key.split("_")[1])
        finally:
            records.close()

    def impossible(self) -> frozenset[Fault]:
        """Faults that cannot be caused here."""
        without = set() if self.disk else {Fault.FULL_DISK}
        return frozenset(without if self.store else without | {Fault.STORE_DOWN, Fault.STORE_SLOW})


@contextmanager
def standing(folder: Path, *, is_light: bool, has_store: bool, is_disk_small: bool = True) -> Iterator[Stand]:
    """Run a service until the block ends.

    Args:
        folder: for everything it writes.
        is_light: its engine costs nothing.
        has_store: its blobs lie in an S3 server.
        is_disk_small: its data folder lies on a disk that can be filled, where one can be made.
    """
    with ExitStack() as stack:
        disk = stack.enter_context(_small_disk(folder / "disk")) if is_disk_small else None
        store = stack.enter_context(running_s3(folder / "store")) if has_store else None
        environ = _ENVIRON | (TRIVIAL_ENGINE if is_light else {}) | (store.environ() if store else {})
        stand = Stand(folder=folder, disk=disk, store=store, environ=environ)
        stack.callback(stand.down)
        stand.up()
        yield stand


@contextmanager
def _small_disk(place: Path) -> Iterator[Path | None]:
    """A small disk in memory; None for whoever may not mount one."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        yield None
        return
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", str(place)]
    subprocess.run(mounting, check=True)  # nosec B603 # a fixed command
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)  # nosec B603 B607 # a fixed command
