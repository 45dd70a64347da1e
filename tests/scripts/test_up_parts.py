"""What `mouthpiece up` decides before anything runs: the program, the ports, the claim on the folder, the commands."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.envconfig import ClientConfig

from contracts.settings import Settings, environment
from scripts import parts, runfile, temporal_binary
from scripts.addresses import PortTaken, choose
from scripts.stack import DEFAULT, Stack, read

pytestmark = pytest.mark.unit


@pytest.fixture
def stack() -> Stack:
    return read(DEFAULT)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def _program(path: Path, answer: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_api_port_is_the_one_asked_for(stack: Stack) -> None:
    free = choose(stack, 0, is_apart=True).api_port

    assert choose(stack, free, is_apart=True).api_port == free


def test_a_taken_api_port_is_refused(stack: Stack, taken: int) -> None:
    with pytest.raises(PortTaken, match=f"port {taken} is taken"):
        choose(stack, taken, is_apart=True)


def test_stacks_apart_share_no_port(stack: Stack) -> None:
    chosen = choose(stack, 0, is_apart=True)

    ports = {chosen.api_port, chosen.temporal_port, chosen.ui_port, chosen.metrics_port}
    assert len(ports) == 4
    assert stack.server.port not in ports


def test_a_temporal_program_named_by_the_operator_wins(tmp_path: Path) -> None:
    named = _program(tmp_path / "mine", "temporal version 1.10.2 (Server 1.33.0)")

    assert temporal_binary.find(environment() | {"TEMPORAL_CLI": str(named)}) == named


def test_a_named_program_that_is_too_old_is_refused(tmp_path: Path) -> None:
    named = _program(tmp_path / "mine", "temporal version 1.5.1 (Server 1.29.1)")

    with pytest.raises(temporal_binary.BinaryMissing, match="TEMPORAL_CLI") as fault:
        temporal_binary.find({"TEMPORAL_CLI": str(named)})

    assert "unset it" in fault.value.remedy


def test_an_old_program_on_the_path_gives_way_to_the_installed_one(tmp_path: Path) -> None:
    _program(tmp_path / "temporal", "temporal version 1.5.1 (Server 1.29.1)")

    assert temporal_binary.find({"PATH": str(tmp_path)}) == Path(sys.prefix, "bin", "temporal")


def test_a_folder_is_claimed_by_one_stack_at_a_time(tmp_path: Path) -> None:
    with (
        runfile.claim(tmp_path),
        pytest.raises(runfile.DataInUse, match="another stack runs on"),
        runfile.claim(tmp_path),
    ):
        pass

    with runfile.claim(tmp_path):
        pass


def test_a_stack_that_died_is_not_found(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    running = runfile.Running(url="u", temporal="t", namespace="n", ui="i", pid=ended.pid)
    runfile.write(tmp_path, running)

    assert runfile.read(tmp_path) is None


def test_parts_inherit_no_other_temporal_server(stack: Stack, tmp_path: Path) -> None:
    given = {"TEMPORAL_PROFILE": "cloud", "TEMPORAL_API_KEY": "secret", "HOME": "/home/me"}
    addresses = choose(stack, 0, is_apart=True)

    inherited = parts.inherited(stack, Settings(data_dir=tmp_path), addresses, given)

    assert {name: value for name, value in inherited.items() if name.startswith("TEMPORAL_")} == {
        "TEMPORAL_ADDRESS": f"127.0.0.1:{addresses.temporal_port}",
        "TEMPORAL_NAMESPACE": "default",
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }
    assert inherited["MOUTHPIECE_PUBLIC_URL"] == f"http://127.0.0.1:{addresses.api_port}"
    assert inherited["HOME"] == "/home/me"


def test_the_operators_profile_file_does_not_reach_the_parts(stack: Stack, tmp_path: Path) -> None:
    profile = tmp_path / "temporalio" / "temporal.toml"
    profile.parent.mkdir()
    profile.write_text('[profile.default]\naddress = "cloud:7233"\napi_key = "k"\n', encoding="utf-8")
    given = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "TEMPORAL_CONFIG_FILE": str(profile)}

    inherited = parts.inherited(stack, Settings(data_dir=tmp_path), choose(stack, 0, is_apart=True), given)
    config = ClientConfig.load_client_connect_config(override_env_vars=inherited)

    assert set(config) == {"target_host", "namespace"}


def test_a_stack_that_listens_everywhere_is_shown_where_it_answers(stack: Stack, tmp_path: Path) -> None:
    everywhere = replace(stack, api=replace(stack.api, host="0.0.0.0"), server=replace(stack.server, host="0.0.0.0"))
    addresses = choose(everywhere, 0, is_apart=True)

    inherited = parts.inherited(everywhere, Settings(data_dir=tmp_path), addresses, {})

    assert inherited["MOUTHPIECE_PUBLIC_URL"] == f"http://127.0.0.1:{addresses.api_port}"
    assert inherited["TEMPORAL_ADDRESS"] == f"127.0.0.1:{addresses.temporal_port}"


def test_a_data_folder_that_cannot_be_made_is_told_with_a_remedy() -> None:
    with pytest.raises(runfile.FolderUnusable, match="/proc/nope: ") as fault, runfile.claim(Path("/proc/nope")):
        pass

    assert "--data" in fault.value.remedy


def test_the_operators_public_url_is_kept(stack: Stack, tmp_path: Path) -> None:
    given = {"MOUTHPIECE_PUBLIC_URL": "https://lips.example.com"}

    inherited = parts.inherited(stack, Settings(data_dir=tmp_path), choose(stack, 0, is_apart=True), given)

    assert inherited["MOUTHPIECE_PUBLIC_URL"] == "https://lips.example.com"


def test_the_server_runs_with_the_flags_of_the_description(stack: Stack, tmp_path: Path) -> None:
    addresses = choose(stack, 0, is_apart=True)

    command = parts.server(stack, Settings(data_dir=tmp_path), addresses, {}, Path("temporal")).command

    assert "journal_mode=wal" in command
    assert "history.transferProcessorMaxPollRPS=1000" in command
    assert "matching.enableFairness=true" in command
    assert str(tmp_path / "temporal.db") in command
