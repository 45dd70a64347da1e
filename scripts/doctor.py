"""What this machine and its settings lack to run the service; each finding with its remedy."""

import importlib.metadata
import platform
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from contracts.errors import MouthpieceError
from contracts.settings import Settings
from scripts import ports, runfile, temporal_binary
from scripts.stack import Stack
from storage.blobs import open_blobs
from storage.folders import is_private
from storage.records import Records

_LEAST_FREE_BYTES = 1 << 30
_ENOUGH_FREE_BYTES = 10 << 30
#: Of Temporal's database: about a hundred thousand jobs that have ended.
_LARGE_BYTES = 5 << 30


class State(StrEnum):
    """How a finding is meant: `NOTE` does not stand in the way of anything."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def look(settings: Settings, environ: Mapping[str, str], stack: Stack) -> list[tuple[str, Callable[[], Finding]]]:
    """Every look at this machine, by name; each takes from a millisecond to a few seconds."""
    return [
        ("python", python),
        ("temporal", lambda: temporal(environ)),
        *look_at_data(settings, stack),
        ("API port", lambda: api_port(settings, stack)),
        ("compute", lambda: compute(settings)),
        ("encoder", lambda: encoder(settings)),
        ("engine", lambda: engine(settings)),
        ("engine names", lambda: engine_names(settings)),
        ("enhancement", lambda: enhancement(settings)),
    ]


def look_at_data(settings: Settings, stack: Stack) -> list[tuple[str, Callable[[], Finding]]]:
    """The looks that matter while a service runs, and that cost it little."""
    return [
        ("data folder", lambda: data_folder(settings)),
        ("databases", lambda: databases(settings, stack)),
        ("blob store", lambda: blob_store(settings)),
        ("disk", lambda: disk(settings)),
    ]


def python() -> Finding:
    """The interpreter, and whether the packages are the ones this project asks for."""
    detail = f"{platform.python_version()} at {sys.executable}"
    try:
        importlib.metadata.version("mouthpiece")
    except importlib.metadata.PackageNotFoundError:
        return Finding(name="python", state=State.FAULT, detail=f"{detail}: not set up", remedy="Run scripts/setup.")
    return Finding(name="python", state=State.OK, detail=detail)


def temporal(environ: Mapping[str, str]) -> Finding:
    """The program that carries the Temporal server."""
    try:
        binary = temporal_binary.find(environ)
    except temporal_binary.BinaryMissing as fault:
        return _fault("temporal", fault)
    version = ".".join(map(str, temporal_binary.version(binary) or ()))
    return Finding(name="temporal", state=State.OK, detail=f"{version} at {binary}")


def data_folder(settings: Settings) -> Finding:
    """Whether records and blobs can be written, and the records are whole."""
    try:
        records = Records(settings.data_dir / "records.db")
        records.check_writable()
        damage = records.faults()
        records.close()
    except OSError as fault:
        remedy = "Make it writable, or name another with MOUTHPIECE_DATA_DIR."
        return Finding(
            name="data folder", state=State.FAULT, detail=f"{settings.data_dir}: {fault.strerror}", remedy=remedy
        )
    except MouthpieceError as fault:
        return _fault("data folder", fault)
    if damage:
        remedy = "mouthpiece data check tells more; mouthpiece restore brings a backup back."
        detail = f"{settings.data_dir}: the records are damaged: {damage[0]}"
        return Finding(name="data folder", state=State.FAULT, detail=detail, remedy=remedy)
    detail = f"{settings.data_dir}, records are whole"
    if not is_private(settings.data_dir):
        detail += "; other users of this machine may enter it and read webhook secrets"
        return Finding(
            name="data folder", state=State.NOTE, detail=detail, remedy=f"chmod 700 {settings.data_dir}, unless meant."
        )
    return Finding(name="data folder", state=State.OK, detail=detail)


def blob_store(settings: Settings) -> Finding:
    """Whether files can be stored, found again and removed."""
    key = f"doctor/{uuid.uuid4()}"
    where = f"bucket {settings.s3_bucket}" if settings.s3_bucket else "the data folder"
    try:
        began = time.perf_counter()
        blobs = open_blobs(settings)
        with tempfile.TemporaryDirectory() as folder:
            sample = Path(folder) / "sample"
            sample.write_bytes(b"doctor")
            blobs.put(key, sample)
        blobs.size(key)
        blobs.delete(key)
        took_ms = (time.perf_counter() - began) * 1000
    except MouthpieceError as fault:
        remedy = (
            "Check the settings MOUTHPIECE_S3_*, that the bucket exists, and that the key may read, write and delete."
        )
        return Finding(name="blob store", state=State.FAULT, detail=f"{where}: {fault}", remedy=remedy)
    return Finding(name="blob store", state=State.OK, detail=f"{where}; stored, found and removed in {took_ms:.0f} ms")


def disk(settings: Settings) -> Finding:
    """Room for inputs, segments and outputs."""
    folder = next(folder for folder in (settings.data_dir, *settings.data_dir.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / (1 << 30):.1f} GiB free"
    if free >= _ENOUGH_FREE_BYTES:
        return Finding(name="disk", state=State.OK, detail=detail)
    state = State.FAULT if free < _LEAST_FREE_BYTES else State.NOTE
    return Finding(name="disk", state=state, detail=detail, remedy=f"Free some space under {folder}.")


def databases(settings: Settings, stack: Stack) -> Finding:
    """How large the databases are; those of SQLite never shrink by themselves."""
    sizes = {
        name: sum(file.stat().st_size for file in settings.data_dir.glob(f"{name}*") if file.is_file())
        for name in ("records.db", stack.server.database)
    }
    detail = ", ".join(f"{name} {size / (1 << 20):.0f} MiB" for name, size in sizes.items() if size) or "none as yet"
    if sizes[stack.server.database] < _LARGE_BYTES:
        return Finding(name="databases", state=State.OK, detail=detail)
    remedy = "A backup, restored to a new folder, begins with a small one: docs/operations.md, Back up and restore."
    return Finding(name="databases", state=State.NOTE, detail=detail, remedy=remedy)


def api_port(settings: Settings, stack: Stack) -> Finding:
    """Whether `mouthpiece up` could listen where clients expect it."""
    port = stack.api.port
    if ports.is_free(stack.api.host, port):
        return Finding(name="API port", state=State.OK, detail=f"{port} is free")
    running = runfile.read(settings.data_dir)
    if running and running.url.endswith(f":{port}"):
        return Finding(name="API port", state=State.OK, detail=f"{port}: the running stack listens there")
    remedy = "Stop what listens there, or run mouthpiece up --port with another."
    return Finding(name="API port", state=State.NOTE, detail=f"{port} is taken", remedy=remedy)


def compute(settings: Settings) -> Finding:
    """The device that engines would compute on."""
    import torch

    from engines.registry import choose_device

    try:
        device = choose_device(settings.device)
    except MouthpieceError as fault:
        return _fault("compute", fault)
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        return Finding(name="compute", state=State.OK, detail=f"{name}, setting {settings.device}")
    detail = f"CPU, threads of an engine: {settings.torch_threads}, setting {settings.device}"
    return Finding(name="compute", state=State.OK, detail=detail)


def encoder(settings: Settings) -> Finding:
    """What outputs would be encoded with; a GPU's encoder is tried."""
    from engines.encoders import choose_encoder

    try:
        chosen = choose_encoder(settings.video_encoder)
    except MouthpieceError as fault:
        return _fault("encoder", fault)
    return Finding(name="encoder", state=State.OK, detail=f"{chosen}, setting {settings.video_encoder}")


def engine(settings: Settings) -> Finding:
    """Whether the engine of jobs that name none is installed and loads, weights and all."""
    from scripts import installed_engines

    found = installed_engines.tried(settings.engine, settings)
    if found.info is None or found.fault:
        return Finding(name="engine", state=State.FAULT, detail=found.fault, remedy=found.remedy)
    return Finding(name="engine", state=State.OK, detail=f"{found.name}: {found.info.summary}")


def engine_names(settings: Settings) -> Finding:
    """Whether the settings that name engines name installed ones: a slip would leave an engine open to every key."""
    from engines.registry import names

    unknown = {*settings.engine_keys.keys, *settings.accept_licences}.difference(names())
    if unknown:
        detail = f"not installed here: {', '.join(sorted(unknown))}"
        remedy = "Mind the spelling in MOUTHPIECE_ENGINE_KEYS and MOUTHPIECE_ACCEPT_LICENCES, or install them."
        return Finding(name="engine names", state=State.NOTE, detail=detail, remedy=remedy)
    return Finding(name="engine names", state=State.OK, detail="all that the settings name are installed")


def enhancement(settings: Settings) -> Finding:
    """What makes faces clearer where a request asks for it: a checkpoint of the operator's is loaded."""
    from engines.registry import choose_device
    from engines.restoration.loading import FOLDER, load_enhancer

    try:
        enhancer = load_enhancer(choose_device(settings.device), settings.models_dir / FOLDER)
    except MouthpieceError as fault:
        return _fault("enhancement", fault)
    return Finding(name="enhancement", state=State.OK, detail=enhancer.summary)


def _fault(name: str, fault: MouthpieceError) -> Finding:
    return Finding(name=name, state=State.FAULT, detail=str(fault), remedy=fault.remedy)
