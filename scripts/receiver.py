"""A webhook receiver for a short while: keeps what it is sent, and refuses what is not signed with its secret."""

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

from standardwebhooks import Webhook, WebhookVerificationError

from contracts.errors import InternalError
from contracts.settings import Secret
from contracts.studio import StudioJob
from scripts.listening import listening


class NothingCame(InternalError):
    """No webhook arrived in time, or one whose signature is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One webhook: its id, whether its signature is right, its headers (small letters), its body as sent and read."""

    delivery_id: str
    is_signed: bool
    headers: dict[str, str]
    raw: bytes
    job: StudioJob


class Receiver:
    """What came in so far.

    Attributes:
        url: where webhooks are to be sent.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._received: queue.Queue[Received] = queue.Queue()

    def put(self, received: Received) -> None:
        """Keep a webhook."""
        self._received.put(received)

    def take(self, patience_s: float) -> Received:
        """Return the next webhook, waiting for it.

        Raises:
            NothingCame: when none comes in time.
        """
        try:
            return self._received.get(timeout=patience_s)
        except queue.Empty:
            raise NothingCame(f"no webhook came within {patience_s:g} s") from None


@contextmanager
def receiving(secret: Secret) -> Iterator[Receiver]:
    """Listen on a free port of loopback; `secret` is the API key's "whsec_" secret."""
    verifier = Webhook(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_signed = _is_signed(verifier, raw, headers)
            identity = headers.get("webhook-id", "")
            receiver.put(
                Received(delivery_id=identity, is_signed=is_signed, headers=headers, raw=raw, job=json.loads(raw))
            )
            self.send_response(200 if is_signed else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening(Handler) as url:
        receiver = Receiver(f"{url}/webhook")
        yield receiver


def _is_signed(verifier: Webhook, raw: bytes, headers: dict[str, str]) -> bool:
    try:
        verifier.verify(raw, headers)
    except WebhookVerificationError:
        return False
    return True
