"""A webhook receiver that counts what comes under which id, and is broken when told to be."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from standardwebhooks import Webhook, WebhookVerificationError

from contracts.settings import Secret
from scripts.listening import listening


@dataclass(slots=True)
class Mailbox:
    """What came in and was taken.

    Attributes:
        url: where webhooks are to be sent.
        is_broken: whether it answers 503 and takes nothing.
        ids: of each job, by its id, the webhook ids that were taken.
        bodies: of each webhook, by its id, every different body that was taken.
        unsigned: how many had a wrong signature.
        repeated: how many came under an id that had been taken before.
    """

    url: str = ""
    is_broken: bool = False
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    unsigned: int = 0
    repeated: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, delivery_id: str, raw: bytes) -> None:
        """Take a webhook."""
        with self._lock:
            self.repeated += delivery_id in self.bodies
            self.bodies[delivery_id].add(raw)
            self.ids[str(json.loads(raw)["id"])].add(delivery_id)


@contextmanager
def collecting(secret: Secret, address: str = "127.0.0.1") -> Iterator[Mailbox]:
    """Listen on an address until the block ends; `secret` is the API key's "whsec_" secret."""
    mailbox, verifier = Mailbox(), Webhook(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(503 if mailbox.is_broken else self._take(raw))

        def _take(self, raw: bytes) -> int:
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                verifier.verify(raw, headers)
            except WebhookVerificationError:
                mailbox.unsigned += 1
                return 401
            mailbox.put(headers["webhook-id"], raw)
            return 200

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening(Handler, address) as url:
        mailbox.url = f"{url}/webhook"
        yield mailbox
