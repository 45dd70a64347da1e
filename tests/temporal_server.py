"""Real Temporal servers for tests: the development server, and the one that skips waiting times."""

import asyncio
import sysconfig
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from api.temporal import TemporalGateway
from contracts.visibility import SEARCH_ATTRIBUTES
from scripts import parts
from scripts.stack import DEFAULT, read

T = TypeVar("T")

#: A program read from a cold disk beside other work takes longer than the SDK's five seconds.
_START = timedelta(seconds=90)


@dataclass(frozen=True)
class TemporalServer:
    """A running server, a client of it, and the event loop that the client lives on."""

    client: Client
    address: str
    runner: asyncio.Runner

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Run asynchronous test code to its end."""
        return self.runner.run(work)


def binary(name: str) -> str:
    """Path of a program that the development dependencies install."""
    return str(Path(sysconfig.get_path("scripts")) / name)


@contextmanager
def development_server(folder: Path) -> Iterator[TemporalServer]:
    """Run the development server as the service runs it, its database in `folder`."""
    arguments = parts.tuning(read(DEFAULT).server)
    with asyncio.Runner() as runner:
        environment = runner.run(
            WorkflowEnvironment.start_local(
                dev_server_existing_path=binary("temporal"),
                dev_server_database_filename=str(folder / "temporal.db"),
                dev_server_extra_args=arguments,
                dev_server_log_level="error",
                dev_server_startup_timeout=_START,
                search_attributes=SEARCH_ATTRIBUTES,
            )
        )
        yield from _served(environment, runner)


@contextmanager
def time_skipping_server() -> Iterator[TemporalServer]:
    """Run the server whose clock jumps over every wait. It has no lists and no reset."""
    with asyncio.Runner() as runner:
        environment = runner.run(
            WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=binary("temporal-test-server"), test_server_startup_timeout=_START
            )
        )
        runner.run(_register_search_attributes(environment.client))
        yield from _served(environment, runner)


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the API wait for Temporal for longer than the two seconds after which it tells a client to come back."""
    for module in ("temporal", "inspections", "queue_watch"):
        monkeypatch.setattr(f"api.{module}.RPC_TIMEOUT", timedelta(seconds=30))
    monkeypatch.setattr(TemporalGateway._call, "__defaults__", (40.0,))


async def _register_search_attributes(client: Client) -> None:
    kinds = {
        attribute.name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{attribute.indexed_value_type.name}")
        for attribute in SEARCH_ATTRIBUTES
    }
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds)
    )


def _served(environment: WorkflowEnvironment, runner: asyncio.Runner) -> Iterator[TemporalServer]:
    try:
        address = environment.client.service_client.config.target_host
        yield TemporalServer(client=environment.client, address=address, runner=runner)
    finally:
        runner.run(environment.shutdown())
