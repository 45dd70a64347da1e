"""The command line's own connection to Temporal."""

from pathlib import Path

from temporalio.client import Client
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from api.temporal import TemporalGateway
from contracts.errors import Unavailable
from contracts.settings import environment
from scripts import runfile

#: Any of these says that the operator has chosen a server.
_CHOSEN = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")


def configuration(data_dir: Path) -> ClientConnectConfig:
    """Temporal's standard variables and profile, or the stack that runs on the data folder when none are set."""
    environ = environment()
    running = runfile.read(data_dir)
    if running and not any(environ.get(name) for name in _CHOSEN):
        environ |= {"TEMPORAL_ADDRESS": running.temporal, "TEMPORAL_NAMESPACE": running.namespace}
    return ClientConfig.load_client_connect_config(override_env_vars=environ)


def is_known(data_dir: Path) -> bool:
    """Whether there is a server to ask: a stack runs on the data folder, or the environment names one."""
    environ = environment()
    return runfile.read(data_dir) is not None or any(environ.get(name) for name in _CHOSEN)


async def connect(data_dir: Path) -> Client:
    """Connect to the server that the data folder's stack or the environment names.

    Raises:
        Unavailable: when it does not answer.
    """
    config = configuration(data_dir)
    config.setdefault("target_host", "localhost:7233")
    try:
        return await Client.connect(**config)
    except RuntimeError as fault:
        raise Unavailable(
            f"no Temporal server answers at {config['target_host']}",
            remedy="Start one with mouthpiece up, name its data folder with --data, or set TEMPORAL_ADDRESS.",
        ) from fault


def gateway(data_dir: Path) -> TemporalGateway:
    """The API's own way to Temporal, to the same server as `connect`."""
    config = configuration(data_dir)
    return TemporalGateway(address=config.get("target_host") or "", namespace=config.get("namespace") or "")
