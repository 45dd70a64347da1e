"""Brings a Temporal server into the state the service needs: search attributes and retention. Safe to run again.

The same step serves the development server, a cluster and any other Temporal that grants these calls.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from api.temporal import PASSING
from contracts.errors import InternalError, NotFound, Unavailable
from contracts.visibility import SEARCH_ATTRIBUTES

logger = logging.getLogger(__name__)

Attribute = SearchAttributeKey[str] | SearchAttributeKey[int]

_RPC_TIMEOUT = timedelta(seconds=5)


class NotGranted(InternalError):
    """The server does not let this connection look at its search attributes or set it up, as Temporal Cloud."""


async def reach(address: str, namespace: str, patience_s: float) -> Client:
    """Connect to a server that may still be starting, and wait until it knows the namespace.

    Raises:
        Unavailable: when it does not answer in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while True:
        try:
            client = await Client.connect(address, namespace=namespace)
            await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=namespace), timeout=_RPC_TIMEOUT
            )
        except (RuntimeError, RPCError) as fault:
            if loop.time() > deadline:
                raise Unavailable(f"the Temporal server at {address} does not answer: {fault}") from fault
            await asyncio.sleep(0.1)
        else:
            return client


async def prepare(client: Client, retention: str, wanted: Sequence[Attribute] = SEARCH_ATTRIBUTES) -> None:
    """Register the search attributes that are missing and set how long finished jobs are kept.

    Args:
        client: of the namespace to prepare.
        retention: hours, like "720h".
        wanted: the attributes.

    Raises:
        InternalError: when an attribute exists with another type.
        NotFound: when there is no such namespace.
        NotGranted: when the server wants all this set up in another way.
        Unavailable: when it does not answer.
    """
    await _add_search_attributes(client, wanted)
    await _set_retention(client, retention)


async def check_namespace(client: Client) -> None:
    """Ask whether the client's namespace is there.

    Raises:
        NotFound, Unavailable: when it is not, or when the server does not answer.
    """
    try:
        await _describe(client)
    except NotGranted:
        return


async def missing_search_attributes(client: Client, wanted: Sequence[Attribute] = SEARCH_ATTRIBUTES) -> list[str]:
    """Names of the wanted attributes that the namespace lacks.

    Raises:
        InternalError, NotFound, NotGranted, Unavailable: as in `prepare`.
    """
    with _explained(client):
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=_RPC_TIMEOUT
        )
    for attribute in wanted:
        found = known.custom_attributes.get(attribute.name)
        if found is not None and found != _indexed(attribute):
            raise InternalError(
                f"search attribute {attribute.name} exists with a type other than {_kind(attribute)}",
                remedy=f"Remove it: temporal operator search-attribute remove --name {attribute.name}.",
            )
    return [attribute.name for attribute in wanted if attribute.name not in known.custom_attributes]


async def _add_search_attributes(client: Client, wanted: Sequence[Attribute]) -> None:
    missing = await missing_search_attributes(client, wanted)
    if not missing:
        return
    kinds = {attribute.name: _indexed(attribute) for attribute in wanted if attribute.name in missing}
    with _explained(client):
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds), timeout=_RPC_TIMEOUT
        )
    logger.info("search_attributes_added names=%s", ",".join(missing))


async def _set_retention(client: Client, retention: str) -> None:
    kept = Duration(seconds=int(retention.removesuffix("h")) * 3600)
    if (await _describe(client)).config.workflow_execution_retention_ttl == kept:
        return
    config = NamespaceConfig(workflow_execution_retention_ttl=kept)
    with _explained(client):
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=config), timeout=_RPC_TIMEOUT
        )
    logger.info("retention_set namespace=%s retention=%s", client.namespace, retention)


async def _describe(client: Client) -> DescribeNamespaceResponse:
    with _explained(client):
        return await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=_RPC_TIMEOUT
        )


@contextmanager
def _explained(client: Client) -> Iterator[None]:
    """Turn the server's refusal into a fault that says what to do about it."""
    try:
        yield
    except RPCError as fault:
        raise explanation(fault, client.namespace) from fault


def explanation(fault: RPCError, namespace: str) -> InternalError | NotFound | Unavailable:
    """What a server's refusal of a call about a namespace means, and what to do about it."""
    if fault.status is RPCStatusCode.NOT_FOUND:
        return NotFound(
            f"Temporal has no namespace {namespace}",
            remedy=f"Make it: temporal operator namespace create --namespace {namespace}.",
        )
    if fault.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
        kinds = ", ".join(f"{attribute.name} ({_kind(attribute)})" for attribute in SEARCH_ATTRIBUTES)
        return NotGranted(
            f"Temporal does not let this connection set up namespace {namespace}: {fault.message}",
            remedy=f"Temporal Cloud has its own UI for that: make the search attributes {kinds} there.",
        )
    if fault.status in PASSING:
        return Unavailable(f"Temporal does not answer: {fault.message}", remedy="Try again when it is up.")
    return InternalError(f"Temporal refused a call about namespace {namespace}: {fault.message}")


def _kind(attribute: Attribute) -> str:
    return attribute.indexed_value_type.name.capitalize()


def _indexed(attribute: Attribute) -> "IndexedValueType.ValueType":
    return IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{attribute.indexed_value_type.name}")
