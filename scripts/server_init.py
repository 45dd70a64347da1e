"""Brings a Temporal server into the state the service needs: search attributes and retention. Safe to run again.

The same step serves the development server, a cluster and any other Temporal that grants these calls.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from contracts.errors import InternalError, Unavailable
from scripts.stack import Stack

logger = logging.getLogger(__name__)

_RPC_TIMEOUT = timedelta(seconds=5)
_ENUM_NAMES = {
    "Text": "TEXT",
    "Keyword": "KEYWORD",
    "Int": "INT",
    "Double": "DOUBLE",
    "Bool": "BOOL",
    "Datetime": "DATETIME",
    "KeywordList": "KEYWORD_LIST",
}


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


async def prepare(client: Client, stack: Stack) -> None:
    """Register the search attributes that are missing and set how long finished jobs are kept.

    Raises:
        InternalError: when an attribute exists with another type.
    """
    await _add_search_attributes(client, stack.search_attributes)
    await _set_retention(client, stack.server.retention)


async def missing_search_attributes(client: Client, wanted: Mapping[str, str]) -> list[str]:
    """Names of the wanted attributes that the namespace lacks.

    Raises:
        InternalError: when an attribute exists with another type.
    """
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), timeout=_RPC_TIMEOUT
    )
    for name, kind in wanted.items():
        found = known.custom_attributes.get(name)
        if found is not None and found != _indexed(kind):
            raise InternalError(
                f"search attribute {name} exists with a type other than {kind}",
                remedy=f"Remove it: temporal operator search-attribute remove --name {name}.",
            )
    return [name for name in wanted if name not in known.custom_attributes]


async def _add_search_attributes(client: Client, wanted: Mapping[str, str]) -> None:
    missing = await missing_search_attributes(client, wanted)
    if not missing:
        return
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=client.namespace, search_attributes={name: _indexed(wanted[name]) for name in missing}
        ),
        timeout=_RPC_TIMEOUT,
    )
    logger.info("search_attributes_added names=%s", ",".join(missing))


async def _set_retention(client: Client, retention: str) -> None:
    kept = Duration(seconds=int(retention.removesuffix("h")) * 3600)
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace), timeout=_RPC_TIMEOUT
    )
    if described.config.workflow_execution_retention_ttl == kept:
        return
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=kept)
        ),
        timeout=_RPC_TIMEOUT,
    )
    logger.info("retention_set namespace=%s retention=%s", client.namespace, retention)


def _indexed(kind: str) -> "IndexedValueType.ValueType":
    return IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{_ENUM_NAMES[kind]}")
