"""Clients that ask again until there is an answer, whatever breaks meanwhile."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import requests

from scripts.chaos.recipes import Body

TIMEOUT_S = 20
AGAIN_S = 0.3
PATIENCE_S = 420.0
_CONFLICT = 409
_PASSING = (408, 425, 429)


class Lost(Exception):
    """The service did not do within the patience of a client what it had accepted, or denies it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a service answers, and a key of it."""

    url: str
    key: str


def ask(access: Callable[[], Access], method: str, path: str, body: Body | bytes | None = None, key: str = "") -> Body:
    """Ask until there is an answer that another try would not change; a conflict says that it has been done.

    Args:
        access: the service as it is found now; asked for again before each try.
        method: of HTTP.
        path: below the service's address.
        body: what is sent: an object as JSON, bytes as they are.
        key: the request's Idempotency-Key, or "".

    Raises:
        Lost: when there is none in time, or one that refuses.
    """
    deadline, said = time.monotonic() + PATIENCE_S, "nothing"
    while time.monotonic() < deadline:
        try:
            answer = _send(access(), method, path, body, key)
        except requests.RequestException as fault:
            said = type(fault).__name__
        else:
            is_in_flight = answer.status_code == _CONFLICT and bool(key)
            said = f"{answer.status_code} {answer.text[:200]}"
            if answer.ok or (answer.status_code == _CONFLICT and not key):
                return _object(answer)
            if answer.status_code < 500 and answer.status_code not in _PASSING and not is_in_flight:
                raise Lost(f"{method} {path}: {said}")
        time.sleep(AGAIN_S)
    raise Lost(f"{method} {path}: {said} after {PATIENCE_S:g} s")


def digest(url: Callable[[], str]) -> str:
    """SHA-256, in hexadecimal, of what lies at an address, which is asked for again before each try.

    Raises:
        Lost: when there is nothing.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            answer = requests.get(url(), timeout=TIMEOUT_S)
            if answer.ok:
                return sha256(answer.content).hexdigest()
        except requests.RequestException:
            pass
        time.sleep(AGAIN_S)
    raise Lost("its output cannot be downloaded")


def _send(access: Access, method: str, path: str, body: Body | bytes | None, key: str) -> requests.Response:
    headers = {"X-API-Key": access.key} | ({"Idempotency-Key": key} if key else {})
    data, json = (body, None) if isinstance(body, bytes) else (None, body)
    return requests.request(method, access.url + path, data=data, json=json, headers=headers, timeout=TIMEOUT_S)


def _object(answer: requests.Response) -> Body:
    found = answer.json()
    return found if isinstance(found, dict) else {}
