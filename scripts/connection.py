"""The command line's own connection to Temporal."""

import os
from collections.abc import Mapping
from pathlib import Path

from temporalio.client import Client
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from api.temporal import DEFAULT_ADDRESS, TemporalGateway
from api.temporal_refusals import unreachable
from api.turns import Turns
from contracts.errors import InternalError
from contracts.plans import Plan
from contracts.settings import Settings, environment
from scripts import runfile
from storage.payloads import data_converter
from storage.records import Records
from telemetry.temporal import Watched

#: Any of these says that the operator has chosen a server.
_CHOSEN = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")


class ProfileUnusable(InternalError):
    """Temporal's profile file, or the profile chosen in it, cannot be read."""


def only(address: str, namespace: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Temporal's own names mean one unencrypted server, whatever profile there is."""
    rest = {name: value for name, value in environ.items() if not name.startswith("TEMPORAL_")}
    # Without a file of its own the SDK reads the operator's, whose TLS and API key belong to another server.
    own = {"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": namespace, "TEMPORAL_CONFIG_FILE": os.devnull}
    return rest | own


def environ_for(data_dir: Path) -> dict[str, str]:
    """This process's environment, its Temporal names those of the folder's stack unless the operator chose a server."""
    environ = environment()
    running = runfile.read(data_dir)
    if running is None or any(environ.get(name) for name in _CHOSEN):
        return environ
    return only(running.temporal, running.namespace, environ)


def configuration(data_dir: Path) -> ClientConnectConfig:
    """Temporal's standard variables and profile, or the stack that runs on the data folder when none are set.

    Raises:
        ProfileUnusable: when the operator's profile cannot be read.
    """
    try:
        return ClientConfig.load_client_connect_config(override_env_vars=environ_for(data_dir))
    except (RuntimeError, ValueError, OSError) as fault:
        cause = " ".join(str(fault).split())
        raise ProfileUnusable(
            f"Temporal's profile: {cause}", remedy="Mend TEMPORAL_PROFILE or its file, TEMPORAL_CONFIG_FILE."
        ) from fault


def is_known(data_dir: Path) -> bool:
    """Whether there is a server to ask: a stack runs on the data folder, or variables or a profile name one."""
    return bool(configuration(data_dir).get("target_host"))


async def connect(settings: Settings, watched: Watched | None = None) -> Client:
    """Connect to the server that the data folder's stack or the environment names.

    Args:
        settings: name the data folder, and the keys that payloads are encrypted with.
        watched: what counts and traces the connection; None: nothing does.

    Raises:
        ProfileUnusable: when the operator's profile cannot be read.
        Unavailable: when the server does not answer, or refuses this client; then with the reason.
    """
    config = configuration(settings.data_dir)
    address = config.setdefault("target_host", DEFAULT_ADDRESS)
    try:
        return await Client.connect(
            **config,
            data_converter=data_converter(settings.payload_keys),
            runtime=watched.runtime if watched else None,
            interceptors=watched.interceptors if watched else (),
        )
    except RuntimeError as fault:
        raise unreachable(str(fault), address) from fault


def gateway(settings: Settings) -> TemporalGateway:
    """The API's own way to Temporal, to the same server as `connect`."""
    turns = Turns(lambda key_id: _plan_of(settings, key_id), settings)
    return TemporalGateway(
        config=configuration(settings.data_dir), payload_keys=settings.payload_keys, turn_of=turns.of
    )


def _plan_of(settings: Settings, key_id: str) -> Plan | None:
    """Opened for each question: only what starts something asks, and most commands do not."""
    records = Records(settings.data_dir / "records.db")
    try:
        return records.keys.plan_of(key_id)
    finally:
        records.close()
