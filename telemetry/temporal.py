"""What a process adds to its connection to Temporal so that it can be watched."""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.client import Interceptor
from temporalio.runtime import Runtime

from contracts.settings import Settings
from telemetry import sdk


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The arguments of `Client.connect`; a worker takes its own part of the interceptors from its client."""

    runtime: Runtime
    interceptors: Sequence[Interceptor]


def watched(settings: Settings, part: str) -> Watched:
    """Count what the SDK does, and trace it where traces are wanted; not to be called before a fork."""
    return Watched(runtime=sdk.runtime(settings.log_format), interceptors=_interceptors(settings.otlp_endpoint, part))


def flush(settings: Settings) -> None:
    """Send what was traced, before a process leaves without its exit functions."""
    if settings.otlp_endpoint:
        from telemetry import traces

        traces.flush()


def _interceptors(endpoint: str, part: str) -> Sequence[Interceptor]:
    if not endpoint:
        return ()
    # Takes a fifth of a second and some megabytes to load.
    from telemetry import traces

    return (traces.interceptor(traces.provider(endpoint, part)),)
