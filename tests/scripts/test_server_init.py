import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import InternalError, Unavailable
from contracts.steps import Queue
from scripts import pollers, server_init
from scripts.ports import free_ports
from scripts.stack import DEFAULT, read
from tests.temporal_server import TemporalServer, development_server

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    with development_server(tmp_path_factory.mktemp("init")) as server:
        yield server


def test_preparing_a_server_again_changes_nothing(server: TemporalServer) -> None:
    stack = replace(read(DEFAULT), search_attributes={"Mood": "Keyword", "Weight": "Int"})

    for _ in range(2):
        server.run(server_init.prepare(server.client, stack))

    assert server.run(server_init.missing_search_attributes(server.client, stack.search_attributes)) == []


def test_an_attribute_of_another_type_is_a_fault_with_a_remedy(server: TemporalServer) -> None:
    with pytest.raises(InternalError, match="JobStatus") as fault:
        server.run(server_init.missing_search_attributes(server.client, {"JobStatus": "Int"}))

    assert "search-attribute remove" in fault.value.remedy


def test_a_server_that_is_not_there_is_given_up_on() -> None:
    (port,) = free_ports("127.0.0.1", 1)

    with pytest.raises(Unavailable):
        asyncio.run(server_init.reach(f"127.0.0.1:{port}", "default", 0))


def test_queues_without_workers_are_told(server: TemporalServer, tmp_path: Path) -> None:
    assert Queue.GPU in server.run(pollers.unpolled(server.client))
