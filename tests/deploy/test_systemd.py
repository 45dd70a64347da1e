"""The systemd units, held against the commands, the settings and the stack that they run."""

import shlex
from pathlib import Path

import pytest

from contracts.steps import Queue
from scripts import parts
from scripts.stack import DEFAULT, read
from tests.deploy.known import DEPLOY, check_command, unknown_names

pytestmark = pytest.mark.unit

FOLDER = DEPLOY / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
PROGRAMS = "/opt/mouthpiece/current/.venv/bin/"
#: What a worker takes beside its grace to end.
_BESIDE_S = 10
#: What each unit may say of itself that others do not.
_OWN = {"Type", "RemainAfterExit", "Restart", "RestartSec", "Nice", "IOSchedulingClass", "ReadWritePaths", "ExecStart"}
_OWN |= {"TimeoutStartSec", "TimeoutStopSec", "KillMode", "EnvironmentFile", "DevicePolicy", "DeviceAllow"}
_OWN |= {"PrivateDevices", "PrivateUsers", "MemoryDenyWriteExecute"}


def _entries(path: Path, section: str = "Service") -> list[tuple[str, str]]:
    """The entries of a section, in order; systemd lets a name come several times."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = text.partition(f"[{section}]\n")[2].partition("\n[")[0].splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return [(name, " ".join(value.split())) for name, _, value in pairs]


def _one(path: Path, name: str) -> str:
    (value,) = [value for each, value in _entries(path) if each == name]
    return value


def _command(path: Path) -> list[str]:
    program, *words = shlex.split(_one(path, "ExecStart"))
    assert program.startswith(PROGRAMS)
    return [program.removeprefix(PROGRAMS), *words]


@pytest.mark.parametrize(
    "path", [path for path in UNITS if path.stem != "mouthpiece-temporal"], ids=lambda path: path.stem
)
@pytest.mark.parametrize("queue", Queue)
def test_every_command_of_a_unit_is_one(path: Path, queue: Queue) -> None:
    program, *words = _command(path)

    assert program == "mouthpiece"
    check_command([word.replace("%i", queue) for word in words])


def test_the_server_runs_as_the_stack_describes_it() -> None:
    program, *words = _command(FOLDER / "mouthpiece-temporal.service")
    server = read(DEFAULT).server
    tuning = parts.tuning(server)

    assert [program, *words[:2]] == ["temporal", "server", "start-dev"]
    assert words[-len(tuning) :] == [word.replace('"', "") for word in tuning]
    given = dict(zip(words[2 : -len(tuning) : 2], words[3 : -len(tuning) : 2], strict=True))
    assert (given["--ip"], given["--port"], given["--ui-port"]) == (server.host, str(server.port), str(server.ui_port))
    assert given["--namespace"] == server.namespace
    assert given["--db-filename"].endswith(f"/{server.database}")


def test_the_environment_has_only_names_that_are_read() -> None:
    lines = (FOLDER / "mouthpiece.env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.lstrip("#").partition("=") for line in lines if "=" in line and " " not in line]

    assert len(pairs) >= 10
    assert unknown_names({name: value for name, _, value in pairs}) == []


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_every_unit_is_as_hardened_as_the_others(path: Path) -> None:
    alike = [entry for entry in _entries(path) if entry[0] not in _OWN]

    assert alike == [entry for entry in _entries(UNITS[0]) if entry[0] not in _OWN]
    assert {("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("User", "mouthpiece")} <= set(alike)
    assert ("EnvironmentFile", "/etc/mouthpiece/mouthpiece.env") in _entries(path)
    assert ("PrivateDevices", "yes") in _entries(path) or ("DevicePolicy", "closed") in _entries(path)


@pytest.mark.parametrize("name", ["mouthpiece-gpu@", "mouthpiece-worker@"])
def test_systemd_is_as_patient_as_a_worker_that_drains(name: str) -> None:
    path = FOLDER / f"{name}.service"
    words = _command(path)

    assert int(_one(path, "TimeoutStopSec")) >= int(words[words.index("--grace-s") + 1]) + _BESIDE_S
    assert _one(path, "KillMode") == "mixed"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_what_is_started_again_is_so_however_often_it_ends(path: Path) -> None:
    restarts = dict(_entries(path)).get("Restart", "no") != "no"

    assert (("StartLimitIntervalSec", "0") in _entries(path, "Unit")) is restarts


def test_the_backups_place_may_be_written_to() -> None:
    path = FOLDER / "mouthpiece-backup.service"

    assert _one(path, "ReadWritePaths") == _command(path)[2]
