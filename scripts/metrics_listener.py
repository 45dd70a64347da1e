"""Shows a host's metrics without the API: for Prometheus to fetch from hosts that have workers alone."""

import logging
import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from contracts.errors import InternalError
from telemetry import exposition

logger = logging.getLogger(__name__)

PATH = "/metrics"


class AddressTaken(InternalError):
    """The address cannot be listened on."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Page(BaseHTTPRequestHandler):
    """Answers GET /metrics and nothing else."""

    server_version = "mouthpiece"
    sys_version = ""
    #: For a client that connects and sends nothing, in seconds.
    timeout = 10

    def __init__(self, data_dir: Path, *args: object) -> None:
        self._data_dir = data_dir
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer."""
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"GET {PATH}")
            return
        body = exposition.text(exposition.of_host(self._data_dir))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", exposition.CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: it comes every few seconds."""


def start(data_dir: Path, host: str, port: int) -> ThreadingHTTPServer:
    """Listen in the background for as long as this process lives.

    Args:
        data_dir: whose metrics to show.
        host: the address to listen on.
        port: its port; 0 takes any that is free.

    Raises:
        AddressTaken: when it cannot be listened on.
    """
    try:
        server = _Server((host, port), partial(_Page, data_dir))
    except OSError as fault:
        raise AddressTaken(
            f"metrics: {host}:{port}: {fault.strerror}", remedy="Name another with --metrics HOST:PORT."
        ) from fault
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    logger.info("metrics_shown url=http://%s:%d%s", *server.server_address[:2], PATH)
    return server
