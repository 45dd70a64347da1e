"""The image and its Compose files, held against the commands, the settings and the lock."""

import re
from pathlib import Path

import pytest
import yaml

from contracts.steps import Queue
from scripts.stack import DEFAULT, read
from tests.deploy.known import DEPLOY, ROOT, check_command, unknown_names

pytestmark = pytest.mark.unit

FOLDER = DEPLOY / "container"
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SMALL = yaml.safe_load((FOLDER / "compose.small.yaml").read_text(encoding="utf-8"))
SERVICES = {**COMPOSE["services"], **SMALL["services"]}
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("${MOUTHPIECE_IMAGE")}


def _instructions(name: str) -> list[str]:
    text = re.sub(r"\\\n\s*", "", DOCKERFILE)
    return [line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{name} ")]


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def _words(service: dict[str, list[str]]) -> list[str]:
    return [str(FOLDER / word[1:]) if word.startswith("/") else str(word) for word in service["command"]]


@pytest.mark.parametrize("name", OURS)
def test_every_container_runs_a_command_that_there_is(name: str) -> None:
    check_command(_words(OURS[name]))


def test_the_image_runs_the_api_where_it_is_looked_for() -> None:
    command = yaml.safe_load(_instructions("CMD")[0])
    (port,) = _instructions("EXPOSE")

    assert yaml.safe_load(_instructions("ENTRYPOINT")[0]) == ["mouthpiece"]
    check_command(command)
    assert command[command.index("--port") + 1] == port
    assert f"127.0.0.1:{port}/healthz" in DOCKERFILE
    for name in ("api", "mouthpiece"):
        assert OURS[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_image_has_only_settings_that_are_read() -> None:
    words = " ".join(_instructions("ENV")[1:]).split()
    environ = dict(word.split("=", 1) for word in words if word.startswith(("MOUTHPIECE_", "TEMPORAL_")))

    assert len(environ) == 3
    assert unknown_names(environ) == []


def test_the_environment_has_only_names_that_are_read() -> None:
    lines = (FOLDER / "mouthpiece.env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.lstrip("#").partition("=") for line in lines if "=" in line and " " not in line]

    assert len(pairs) >= 8
    assert unknown_names({name: value for name, _, value in pairs}) == []


def test_every_queue_has_a_worker() -> None:
    polled = {word for each in COMPOSE["services"].values() for word in each.get("command", []) if word in set(Queue)}

    assert polled == set(Queue)


@pytest.mark.parametrize("name", [name for name, each in OURS.items() if "--grace-s" in each["command"]])
def test_a_container_is_as_patient_as_a_worker_that_drains(name: str) -> None:
    words = OURS[name]["command"]

    assert _seconds(OURS[name]["stop_grace_period"]) >= int(words[words.index("--grace-s") + 1]) + 10


@pytest.mark.parametrize("image", sorted({each["image"] for each in SERVICES.values()} | set(_instructions("ARG")[:1])))
def test_every_image_is_pinned(image: str) -> None:
    assert re.search(r":v?\d+\.\d+[\w.-]*\}?$", image), image


def test_what_ports_are_open_are_open_to_this_machine_alone() -> None:
    assert [
        port for each in SERVICES.values() for port in each.get("ports", []) if not port.startswith("127.0.0.1:")
    ] == []


@pytest.mark.parametrize("name", OURS)
def test_containers_may_do_as_little_as_they_need(name: str) -> None:
    each = OURS[name]

    assert each["read_only"] is True
    assert each["cap_drop"] == ["ALL"]
    assert each["security_opt"] == ["no-new-privileges:true"]


def test_the_image_runs_as_nobody_special() -> None:
    assert _instructions("USER") == ["10001:10001"]


def test_what_is_copied_is_all_that_the_project_needs_and_no_more() -> None:
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = {
        name.rstrip("*") for name in re.findall(r'"(\w+\*)"', project.partition("find]")[2].partition("\n\n")[0])
    }

    assert packages <= kept
    assert kept - packages == {
        *("pyproject.toml", "README.md", "LICENSE", "requirements.lock", "temporal-dev.yaml"),
        "deploy/container/torch-cpu.txt",
    }
    assert all((ROOT / name).exists() for name in kept)


def test_the_small_builds_of_pytorch_are_of_the_locked_versions() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    wanted = re.findall(
        r"^(torch\w*==[\d.]+)\+cpu$", (FOLDER / "torch-cpu.txt").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert len(wanted) == 2
    assert all(re.search(rf"^{re.escape(each)} ", lock, re.MULTILINE) for each in wanted)


def test_the_containers_stack_differs_from_the_described_one_in_where_the_api_listens_alone() -> None:
    small, described = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (FOLDER / "stack.yaml", DEFAULT))

    assert small["api"].pop("host") == "0.0.0.0"
    assert described["api"].pop("host") == "127.0.0.1"
    assert small == described
    assert read(FOLDER / "stack.yaml").server.host == "127.0.0.1"


def test_the_servers_queues_are_tuned_as_the_stack_describes_them() -> None:
    given = yaml.safe_load((FOLDER / "dynamicconfig.yaml").read_text(encoding="utf-8"))
    wanted = {
        name: value for name, value in read(DEFAULT).server.dynamic_config.items() if name.startswith("matching.")
    }

    assert {name: entries[0]["value"] for name, entries in given.items()} == wanted


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_of_the_containers_are_there_and_named(path: Path) -> None:
    assert f"./{path.name}:/{path.name}:ro" in (FOLDER / "compose.yaml").read_text(encoding="utf-8")
