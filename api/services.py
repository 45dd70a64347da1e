"""What views work with, handed to the application once, and the clock they read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask, current_app

from api.engine_board import EngineBoard
from api.inspections import Inspections
from api.queue_watch import QueueWatch
from api.temporal import Gateway
from api.waiting_room import WaitingRoom
from contracts.settings import Settings
from storage.blobs import BlobStore
from storage.links import Links
from storage.records import Records
from storage.requests import Requests

Clock = Callable[[], datetime]

_EXTENSION = "mouthpiece"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One application's settings, storage, gateway, clock, and places for requests that wait."""

    settings: Settings
    records: Records
    requests: Requests
    blobs: BlobStore
    links: Links
    gateway: Gateway
    inspections: Inspections
    queues: QueueWatch
    engines: EngineBoard
    clock: Clock
    waiting_room: WaitingRoom

    def install(self, app: Flask) -> None:
        """Make these the services of an application."""
        app.extensions[_EXTENSION] = self


def services() -> Services:
    """Return the services of the application that handles the current request."""
    found: Services = current_app.extensions[_EXTENSION]
    return found


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def utc_text(moment: datetime) -> str:
    """Write a time as "2026-01-02T03:04:05Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
