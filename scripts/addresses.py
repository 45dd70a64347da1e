"""Chooses where the parts of one stack listen, so that several stacks run side by side."""

from dataclasses import dataclass

from contracts.errors import InternalError
from scripts import ports
from scripts.stack import Stack


class PortTaken(InternalError):
    """Something else listens on the API's port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The ports of one stack."""

    api_port: int
    temporal_port: int
    ui_port: int
    metrics_port: int


def choose(stack: Stack, port: int | None, is_apart: bool) -> Addresses:
    """Choose the ports.

    Args:
        stack: the ports to prefer.
        port: the API's port; 0 takes any free one, None the stack's.
        is_apart: take free ports for the rest even where the stack's are free.

    Raises:
        PortTaken: when the API's port is not free.
    """
    free = ports.free_ports(stack.server.host, 4)
    return Addresses(
        api_port=free[0] if port == 0 else _api_port(stack, port),
        temporal_port=free[1] if is_apart else _preferred(stack, stack.server.port, free[1]),
        ui_port=free[2] if is_apart else _preferred(stack, stack.server.ui_port, free[2]),
        metrics_port=free[3],
    )


def reachable(host: str) -> str:
    """Where a server of this machine that listens on `host` answers: on loopback when it listens everywhere."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 # nosec B104 # nothing is bound here


def _api_port(stack: Stack, port: int | None) -> int:
    wanted = port or stack.api.port
    if not ports.is_free(stack.api.host, wanted):
        raise PortTaken(
            f"port {wanted} is taken", remedy="Choose another with --port, or --port 0 for any that is free."
        )
    return wanted


def _preferred(stack: Stack, wanted: int, otherwise: int) -> int:
    return wanted if ports.is_free(stack.server.host, wanted) else otherwise
