"""Clients that order jobs, try again whatever breaks, and note what they are told."""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from hashlib import sha256

import requests

from scripts.chaos.inputs import InputServer
from scripts.chaos.mailbox import Mailbox
from scripts.chaos.plan import Act, Order
from scripts.chaos.recipes import BY_NAME, Body, Inputs
from scripts.chaos.stand import Stand

_TIMEOUT_S = 20
_AGAIN_S = 0.3
_PATIENCE_S = 420.0
_CONFLICT = 409
_PASSING = (408, 425, 429)
#: A cancellation comes so many seconds after the order, at most.
_CHANGE_OF_MIND_S = 3.0


class Lost(Exception):
    """The service did not do within the patience of a client what it had accepted, or denies it."""


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
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                answer = requests.get(self._stand.trial.url + path, timeout=_TIMEOUT_S)
                if answer.ok:
                    return sha256(answer.content).hexdigest()
            except requests.RequestException:
                pass
            time.sleep(_AGAIN_S)
        raise Lost("its output cannot be downloaded")

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
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            answer = self.ask("GET", f"/api/v1/jobs/{served.reference}")
            served.job_id = str(answer["id"])
            if answer["status"] != "processing":
                return str(answer["status"]), str(answer["error"])
            time.sleep(_AGAIN_S)
        raise Lost(f"not over after {_PATIENCE_S:g} s")

    def ask(self, method: str, path: str, body: Body | None = None, key: str = "") -> Body:
        """Ask until there is an answer that another try would not change; a conflict says that it has been done.

        Raises:
            Lost: when there is none in time, or one that refuses.
        """
        headers = {"X-API-Key": self._stand.trial.key} | ({"Idempotency-Key": key} if key else {})
        deadline, said = time.monotonic() + _PATIENCE_S, "nothing"
        while time.monotonic() < deadline:
            try:
                url = self._stand.trial.url + path
                answer = requests.request(method, url, json=body, headers=headers, timeout=_TIMEOUT_S)
            except requests.RequestException as fault:
                said = type(fault).__name__
            else:
                is_in_flight = answer.status_code == _CONFLICT and bool(key)
                said = f"{answer.status_code} {answer.text[:200]}"
                if answer.ok or (answer.status_code == _CONFLICT and not key):
                    return _object(answer)
                if answer.status_code < 500 and answer.status_code not in _PASSING and not is_in_flight:
                    raise Lost(f"{method} {path}: {said}")
            time.sleep(_AGAIN_S)
        raise Lost(f"{method} {path}: {said} after {_PATIENCE_S:g} s")


def _object(answer: requests.Response) -> Body:
    found = answer.json()
    return found if isinstance(found, dict) else {}
