"""Temporal behind TLS, client certificates or an API key: what a profile reaches, and how faults are told."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.temporal import TemporalGateway
from api.temporal_refusals import Refused
from contracts.settings import Settings, environment
from scripts import connection, worker
from tests.temporal_server import TemporalServer, development_server
from tests.temporal_tls import Authority, Pair, context, demanding, proxy

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A real server behind TLS that wants client certificates, and what its operator hands out."""

    server: TemporalServer
    address: str
    authority: Path
    client: Pair


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Authority:
    return Authority(folder, "theirs")


@pytest.fixture(scope="module")
def guarded(folder: Path, ours: Authority) -> Iterator[Guarded]:
    with (
        development_server(folder) as server,
        proxy(server.address, context(ours.issue("server"), clients_of=ours)) as address,
    ):
        yield Guarded(server=server, address=address, authority=ours.certificate, client=ours.issue("client"))


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)


def _with(pair: Pair) -> dict[str, str]:
    return {"TEMPORAL_TLS_CLIENT_CERT_PATH": str(pair.certificate), "TEMPORAL_TLS_CLIENT_KEY_PATH": str(pair.key)}


def _set(monkeypatch: pytest.MonkeyPatch, address: str, authority: Path | None, more: Mapping[str, str]) -> None:
    tls = {"TEMPORAL_TLS": "true", "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(authority)} if authority else {}
    for name, value in ({"TEMPORAL_ADDRESS": address} | tls | dict(more)).items():
        monkeypatch.setenv(name, value)


def _refusal(guarded: Guarded, data: Path) -> Refused:
    with pytest.raises(Refused) as refused:
        guarded.server.run(connection.connect(Settings(data_dir=data)))
    return refused.value


def _own(*words: str, data: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "scripts.cli", *words, "--data", str(data)]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120)


def test_a_profile_with_client_certificates_reaches_the_server_from_command_worker_and_api(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text(
        f'[profile.lips]\naddress = "{guarded.address}"\nnamespace = "default"\n[profile.lips.tls]\n'
        f'server_ca_cert_path = "{guarded.authority}"\n'
        f'client_cert_path = "{guarded.client.certificate}"\nclient_key_path = "{guarded.client.key}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profile))
    monkeypatch.setenv("TEMPORAL_PROFILE", "lips")
    gateway = TemporalGateway()

    prepared = _own("server-init", data=tmp_path)

    assert (prepared.returncode, prepared.stdout) == (0, "namespace default is ready\n"), prepared.stderr
    assert any(gateway.ready() for _ in range(10)), "each time it has two seconds"
    assert guarded.server.run(connection.connect(Settings(data_dir=tmp_path))).namespace == "default"
    gateway.close()


@pytest.mark.parametrize(
    ("more", "cause", "remedy"),
    [
        ({}, "takes connections and breaks them off", "TEMPORAL_TLS_CLIENT_CERT_PATH"),
        ({"TEMPORAL_TLS_SERVER_NAME": "temporal.internal"}, "made for another name", "TEMPORAL_TLS_SERVER_NAME"),
    ],
)
def test_what_a_client_lacks_is_told(
    guarded: Guarded,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, str],
    cause: str,
    remedy: str,
) -> None:
    _set(monkeypatch, guarded.address, guarded.authority, more)

    refusal = _refusal(guarded, tmp_path)

    assert cause in str(refusal)
    assert guarded.address in str(refusal)
    assert remedy in refusal.remedy


@pytest.mark.parametrize("fault", ["of another authority", "no longer in force"])
def test_a_client_certificate_that_the_server_refuses_is_told(
    guarded: Guarded, ours: Authority, theirs: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    pair = ours.issue("late", days=-1) if fault == "no longer in force" else theirs.issue("stranger")
    _set(monkeypatch, guarded.address, guarded.authority, _with(pair))

    refusal = _refusal(guarded, tmp_path)

    assert "breaks them off" in str(refusal)
    assert "in force and of its authority" in refusal.remedy


def test_a_server_that_wants_tls_is_told_where_none_is_set(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, guarded.address, None, {})

    assert "TEMPORAL_TLS=true" in _refusal(guarded, tmp_path).remedy


def test_tls_with_a_server_that_has_none_is_told(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, guarded.server.address, guarded.authority, {})

    assert "does not speak TLS" in str(_refusal(guarded, tmp_path))


def test_a_server_certificate_that_has_expired_is_told(
    guarded: Guarded, ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(guarded.server.address, context(ours.issue("old", days=-1))) as address:
        _set(monkeypatch, address, guarded.authority, {})
        refusal = _refusal(guarded, tmp_path)

    assert "has expired" in str(refusal)


def test_a_wrong_authority_is_told_by_worker_api_server_init_and_doctor(
    guarded: Guarded,
    theirs: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cause, remedy = "signed by no authority that is known here", "TEMPORAL_TLS_SERVER_CA_CERT_PATH"
    _set(monkeypatch, guarded.address, theirs.certificate, {})
    gateway = TemporalGateway()

    with caplog.at_level(logging.WARNING):
        assert guarded.server.run(_worker_connects(tmp_path)) is None
        assert not gateway.ready()
    gateway.close()
    prepared, looked = _own("server-init", data=tmp_path), _own("doctor", data=tmp_path)

    told = {record.name: record.getMessage() for record in caplog.records}
    for said in (told["scripts.worker"], told["api.temporal"], prepared.stderr, " ".join(looked.stdout.split())):
        assert cause in said
        assert remedy in said
    assert (prepared.returncode, looked.returncode) == (1, 1)
    assert "to mend: " in looked.stdout
    assert "server" in looked.stdout.rpartition("to mend: ")[2]


def test_an_api_key_is_sent_and_one_that_is_missing_is_told(
    guarded: Guarded, ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demanding("cocoa", context(ours.issue("keyed"))) as (address, seen):
        _set(monkeypatch, address, guarded.authority, {})
        monkeypatch.setenv("TEMPORAL_API_KEY", "cocoa")
        assert "does not know this client" in str(_refusal(guarded, tmp_path))
        monkeypatch.delenv("TEMPORAL_API_KEY")
        refusal = _refusal(guarded, tmp_path)

    assert seen == [True, False]
    assert "TEMPORAL_API_KEY" in refusal.remedy


def test_a_certificate_file_that_is_not_there_is_told_before_the_api_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, "127.0.0.1:7233", tmp_path / "none.pem", {})

    ran = _own("api", data=tmp_path)

    assert ran.returncode == 1
    assert "none.pem" in ran.stderr
    assert "Traceback" not in ran.stderr


async def _worker_connects(data: Path) -> object:
    """Let a worker try for a while."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(1.5, stop.set)
    return await worker.connect(Settings(data_dir=data), stop)
