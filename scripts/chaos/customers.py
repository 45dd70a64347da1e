"""Clients that order jobs, try again whatever breaks, and note what they are told."""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field

from scripts.chaos.inputs import InputServer
from scripts.chaos.mailbox import Mailbox
from scripts.chaos.patience import AGAIN_S, PATIENCE_S, Access, Lost, ask, digest
from scripts.chaos.plan import Act, Order
from scripts.chaos.recipes import BY_NAME, Body, Inputs
from scripts.chaos.stand import Stand

#: A cancellation comes so many seconds after the order, at most.
_CHANGE_OF_MIND_S = 3.0


@dataclass(slots=True)
class Served:
    """What a client was told of one order.

    Attributes:
        order: what was ordered.
        reference: the job as its dialect names it; "" while the order is not accepted.
        job_id: the job's UUID.
        answers: the last answer of each of its runs: status and error.
        complaints: what a client may complain of.
    """

    order: Order
    reference: str = ""
    job_id: str = ""
    answers: list[tuple[str, str]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Customers:
    """Serves orders against a stand; several threads may."""

    def __init__(self, stand: Stand, inputs: InputServer, mailbox: Mailbox, seed: int) -> None:
        self._stand = stand
        self._inputs = inputs
        self._mailbox = mailbox
        self._seed = seed
        self._lock = threading.Lock()
        self._ended = 0

    @property
    def ended(self) -> int:
        """Orders that are over."""
        return self._ended

    def serve(self, order: Order) -> Served:
        """Take an order to its end, or to the end of patience."""
        served = Served(order)
        try:
            self._serve(served)
        except (Lost, KeyError, ValueError) as loss:
            served.complaints.append(repr(loss))
        with self._lock:
            self._ended += 1
        return served

    def output(self, reference: str) -> str:
        """SHA-256 of a completed job's output, in hexadecimal.

        Raises:
            Lost: when there is none.
        """
        url = str(self.ask("GET", f"/api/v1/jobs/{reference}")["output"])
        path = "/" + url.split("/", 3)[3]
        return digest(lambda: self._stand.trial.url + path)

    def _serve(self, served: Served) -> None:
        order = served.order
        served.reference = self._submit(order)
        if order.is_doubled and (again := self._submit(order)) != served.reference:
            served.complaints.append(f"doubled: the same idempotency key gave {served.reference} and {again}")
        if order.act is Act.CANCEL:
            time.sleep(random.Random(f"{self._seed}:{order.number}").uniform(0.0, _CHANGE_OF_MIND_S))
            self.ask("POST", f"/api/v1/jobs/{served.reference}/cancel", {})
        served.answers.append(self._end(served))
        if order.act is Act.LATE and served.answers[-1][0] == "failed":
            self._inputs.release(order.number)
            self.ask("POST", f"/api/v1/jobs/{served.reference}/retry", {})
            served.answers.append(self._end(served))

    def _submit(self, order: Order) -> str:
        recipe = BY_NAME[order.recipe]
        body = recipe.body(Inputs(files=self._inputs.url, sound=self._sound(order)))
        body |= {"webhook": self._mailbox.url} if recipe.has_webhook else {}
        key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed}:{order.number}"))
        answer: object = self.ask("POST", recipe.path, body, key)
        for name in recipe.reference:
            answer = answer[name] if isinstance(answer, dict) else ""
        return str(answer)

    def _sound(self, order: Order) -> str:
        if order.act is Act.LATE:
            return self._inputs.late(order.number, "short.wav")
        return f"{self._inputs.url}/{'page' if order.act is Act.HOPELESS else 'short'}.wav"

    def _end(self, served: Served) -> tuple[str, str]:
        """Wait for the end of a job."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            answer = self.ask("GET", f"/api/v1/jobs/{served.reference}")
            served.job_id = str(answer["id"])
            if answer["status"] != "processing":
                return str(answer["status"]), str(answer["error"])
            time.sleep(AGAIN_S)
        raise Lost(f"not over after {PATIENCE_S:g} s")

    def ask(self, method: str, path: str, body: Body | None = None, key: str = "") -> Body:
        """Ask until there is an answer that another try would not change; a conflict says that it has been done.

        Raises:
            Lost: when there is none in time, or one that refuses.
        """
        return ask(self._access, method, path, body, key)

    def _access(self) -> Access:
        return Access(url=self._stand.trial.url, key=self._stand.trial.key)
