import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from contracts.errors import InternalError, NotFound, Unavailable
from contracts.steps import Queue
from scripts import pollers, server_init
from scripts.ports import free_ports
from tests.temporal_server import TemporalServer, development_server

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    with development_server(tmp_path_factory.mktemp("init")) as server:
        yield server


def test_preparing_a_server_again_changes_nothing(server: TemporalServer) -> None:
    wanted = (SearchAttributeKey.for_keyword("Mood"), SearchAttributeKey.for_int("Weight"))

    for _ in range(2):
        server.run(server_init.prepare(server.client, "48h", wanted))

    assert server.run(server_init.missing_search_attributes(server.client, wanted)) == []


def test_an_attribute_of_another_type_is_a_fault_with_a_remedy(server: TemporalServer) -> None:
    with pytest.raises(InternalError, match="JobStatus exists with a type other than Int") as fault:
        server.run(server_init.missing_search_attributes(server.client, (SearchAttributeKey.for_int("JobStatus"),)))

    assert "search-attribute remove" in fault.value.remedy


def test_a_namespace_that_is_not_there_is_told_with_how_to_make_it(server: TemporalServer) -> None:
    client = server.run(Client.connect(server.address, namespace="nowhere"))

    for work in (server_init.prepare(client, "48h"), server_init.check_namespace(client)):
        with pytest.raises(NotFound, match="no namespace nowhere") as fault:
            server.run(work)
        assert "temporal operator namespace create --namespace nowhere" in fault.value.remedy


@pytest.mark.parametrize("status", [RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED])
def test_a_server_that_grants_no_setup_is_told_with_what_to_make_there(status: RPCStatusCode) -> None:
    fault = server_init.explanation(RPCError("no", status, b""), "acme")

    assert isinstance(fault, server_init.NotGranted)
    assert "JobStatus (Keyword), JobStage (Keyword), JobProgress (Int), JobKey (Keyword)" in fault.remedy


def test_a_server_that_is_not_there_is_given_up_on() -> None:
    (port,) = free_ports("127.0.0.1", 1)

    with pytest.raises(Unavailable):
        asyncio.run(server_init.reach(f"127.0.0.1:{port}", "default", 0))


def test_queues_without_workers_are_told(server: TemporalServer, tmp_path: Path) -> None:
    assert Queue.GPU in server.run(pollers.unpolled(server.client))
