"""The service spread over hosts: records and API on one, Temporal and S3 on others, workers on as many as wanted."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import requests
from temporalio.client import Client
from temporalio.service import RPCError

from api.services import utc_text
from contracts.errors import Unavailable
from contracts.settings import Secret, Settings, environment
from contracts.steps import Queue
from scripts import connection, parts, pollers, server_init, stack, temporal_binary
from scripts.addresses import Addresses
from scripts.chaos.patience import Access
from scripts.hosts.network import Host, Network, Unfit
from scripts.supervise import Part, Supervisor
from storage.records import Records
from tests.s3_server import BUCKET, S3Server, built_program

#: What hosts there are, beside the workers'.
RECORDS, TEMPORAL, STORE = "records", "temporal", "store"
CUSTOMER = "customer"

_PORTS = Addresses(api_port=8080, temporal_port=7233, ui_port=8233, metrics_port=9233)
_STORE_PORT = 9000
_ANYWHERE = "0.0.0.0"  # noqa: S104 # nosec B104 # of a host of this network, which is joined to no other
_PATIENCE_S = 180.0
_LOOK_S = 0.1
_GRACE_S = 8.0


@dataclass(slots=True)
class Site:
    """A running service.

    Attributes:
        network: its hosts.
        access: the API, and a key for it.
        secret: what the key's webhooks are signed with.
        log: what all its parts write.
    """

    network: Network
    access: Access
    secret: Secret
    log: Path
    _supervisor: Supervisor

    @property
    def temporal(self) -> str:
        """Where Temporal answers, host:port."""
        return f"{self.network.hosts[TEMPORAL].address}:{_PORTS.temporal_port}"

    @property
    def records(self) -> Path:
        """The records' file."""
        return self.network.hosts[RECORDS].folder / "data" / "records.db"

    def tend(self) -> None:
        """Start again what has died; to be called often, from the main thread."""
        self._supervisor.tend()

    def deaths(self) -> dict[str, int]:
        """How often each part died in a row, those that did not left out."""
        return {name: count for name, count in self._supervisor.failures().items() if count}

    async def client(self) -> Client:
        """Connect to Temporal."""
        return await Client.connect(self.temporal)


def workers(count: int) -> list[str]:
    """Names of the worker hosts."""
    return [f"worker-{number}" for number in range(1, count + 1)]


@contextmanager
def running(network: Network, settings: Mapping[str, str], log: Path) -> Iterator[Site]:
    """Run the service on a network's hosts until the block ends.

    Args:
        network: its hosts are `RECORDS`, `TEMPORAL`, `STORE` and the workers'.
        settings: what an operator sets besides what each host needs to find the others.
        log: where all parts write.

    Raises:
        Unfit: when a part does not come up.
    """
    access, secret = _first_key(network)
    with log.open("a", encoding="utf-8", buffering=1) as sink:
        supervisor = Supervisor(_writing(sink))
        site = Site(network=network, access=access, secret=secret, log=log, _supervisor=supervisor)
        environ = _environ(network, settings)
        try:
            supervisor.start(_temporal(network.hosts[TEMPORAL], environ))
            supervisor.start(_store(network))
            _until(site, lambda: _is_prepared(site), "the Temporal server")
            for part in (*_on_records(network.hosts[RECORDS], environ), *_on_workers(network, environ)):
                supervisor.start(part)
            _until(site, lambda: _takes_jobs(site), "the API, or a worker")
            yield site
        finally:
            supervisor.stop()


def _writing(sink: IO[str]) -> Callable[[str, str], None]:
    def write(name: str, line: str) -> None:
        sink.write(f"{datetime.now(UTC):%H:%M:%S.%f} {name} | {line}\n")

    return write


def _first_key(network: Network) -> tuple[Access, Secret]:
    """Make the key that `mouthpiece keys create` would."""
    host = network.hosts[RECORDS]
    (host.folder / "data").mkdir()
    records = Records(host.folder / "data" / "records.db")
    try:
        key, text = records.keys.create("customer", utc_text(datetime.now(UTC)))
        secret = records.keys.webhook_secret(key.key_id)
    finally:
        records.close()
    return Access(url=f"http://{host.address}:{_PORTS.api_port}", key=str(text)), secret


def _environ(network: Network, settings: Mapping[str, str]) -> dict[str, str]:
    """What every host's programs are told; their data folder comes on top."""
    hosts = network.hosts
    own = {name: value for name, value in environment().items() if not name.startswith(("MOUTHPIECE_", "TEMPORAL_"))}
    temporal = connection.only(f"{hosts[TEMPORAL].address}:{_PORTS.temporal_port}", "default", own)
    return (
        temporal
        | dict(settings)
        | _s3(network).environ()
        | {
            "MOUTHPIECE_PUBLIC_URL": f"http://{hosts[RECORDS].address}:{_PORTS.api_port}",
            "MOUTHPIECE_FETCH_ALLOW": network.own[1],
            "PYTHONUNBUFFERED": "1",
        }
    )


def _s3(network: Network) -> S3Server:
    host = network.hosts[STORE]
    return S3Server(program=built_program(), folder=host.folder / "bucket", port=_STORE_PORT, address=host.address)


def _temporal(host: Host, environ: dict[str, str]) -> Part:
    described = stack.read(stack.DEFAULT)
    # On one address alone, its own services do not find each other: they ask for each other on loopback.
    here = replace(described, server=replace(described.server, host=_ANYWHERE))
    settings = Settings(data_dir=host.folder)
    part = parts.server(here, settings, _PORTS, environ, temporal_binary.find(environ))
    return replace(part, command=host.command(part.command))


def _store(network: Network) -> Part:
    server = _s3(network)
    (server.folder / BUCKET).mkdir(parents=True)
    command = network.hosts[STORE].command(server.command())
    return Part(name=STORE, command=command, environ=environment(), grace_s=_GRACE_S)


def _on_records(host: Host, environ: dict[str, str]) -> list[Part]:
    api = ("api", "--host", host.address, "--port", str(_PORTS.api_port), "--processes", "2")
    return [
        _own(host, environ, "api", api),
        *(_own(host, environ, queue, ("worker", queue)) for queue in (Queue.FLOW, Queue.CONTROL, Queue.NOTIFY)),
    ]


def _on_workers(network: Network, environ: dict[str, str]) -> list[Part]:
    rest = {RECORDS, TEMPORAL, STORE}
    hosts = [host for name, host in network.hosts.items() if name not in rest]
    return [_own(host, environ, queue, ("worker", queue)) for host in hosts for queue in (Queue.GPU, Queue.IO)]


def _own(host: Host, environ: dict[str, str], name: str, words: tuple[str, ...]) -> Part:
    command = host.command([sys.executable, "-m", "scripts.cli", *words])
    data = {"MOUTHPIECE_DATA_DIR": str(host.folder / "data")}
    return Part(name=f"{host.name}/{name}", command=command, environ=environ | data, grace_s=_GRACE_S)


def _until(site: Site, look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not look():
        site.tend()
        if time.monotonic() > deadline:
            lines = "\n".join(site.log.read_text(encoding="utf-8").splitlines()[-15:])
            raise Unfit(f"{what} did not come up in {_PATIENCE_S:g} s", remedy=f"Its log says:\n{lines}")
        time.sleep(_LOOK_S)


def _is_prepared(site: Site) -> bool:
    async def prepare() -> None:
        client = await server_init.reach(site.temporal, "default", 0)
        await server_init.prepare(client, stack.read(stack.DEFAULT).server.retention)

    try:
        asyncio.run(prepare())
    except Unavailable:
        return False
    return True


def _takes_jobs(site: Site) -> bool:
    """Whether the API is ready, every queue has a worker, and `gpu` and `io` one on each worker host."""
    count = len(site.network.hosts) - len((RECORDS, TEMPORAL, STORE))

    async def polled() -> bool:
        client = await site.client()
        found = {queue: len(await pollers.identities(client, queue)) for queue in Queue}
        return all(found.values()) and found[Queue.GPU] >= count and found[Queue.IO] >= count

    try:
        return requests.get(f"{site.access.url}/readyz", timeout=5).ok and asyncio.run(polled())
    except (requests.RequestException, RPCError, RuntimeError):
        return False
