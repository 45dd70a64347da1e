"""Tells the API which engines this host's gpu workers have."""

import socket
import time

from contracts.settings import Settings
from engines import registry
from storage.announcements import Announcements
from storage.blobs import open_blobs


def announce(settings: Settings) -> None:
    """Look at every installed engine, and say how it stands.

    Raises:
        StorageBusy: when it cannot be stored at the moment.
    """
    states = tuple(registry.state(name, settings) for name in registry.names())
    Announcements(open_blobs(settings)).announce(socket.gethostname(), states, time.time())
