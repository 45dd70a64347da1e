"""What goes wrong in a page without anybody looking: it fails the test, unless the test said that it would come.

Three answers of a busy service are passed over.
"""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

#: A request that the page itself gave up, as a stream that it no longer reads, is no fault.
_GIVEN_UP = "net::ERR_ABORTED"
_INSIDE = ("data:", "blob:", "about:")
#: So the service answers while something else takes the disk; the page asks again, and what never comes fails the test.
_BUSY, _MOST_BUSY = "status of 503", 3
#: Of streams there are so many at once: that none is left is the page's own doing, and never passed over.
_STREAM = "/events"


class Faults:
    """Errors of a browser context's pages: in the console (breaches of the content security policy are), of scripts, of
    requests, and every request to another server than the service's.
    """

    def __init__(self, context: BrowserContext, service: str) -> None:
        self._service = service
        self._seen: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        self._busy = 0
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._seen.append(f"script: {error.error}"))
        context.on("requestfailed", self._miss)
        context.on("request", self._follow)

    def expect(self, pattern: str) -> None:
        """Take what matches for what the test is about: `401` for a key that is refused."""
        self._expected.append(re.compile(pattern))

    @property
    def unexpected(self) -> list[str]:
        """What nobody expected, in the order in which it came."""
        return [fault for fault in self._seen if not any(pattern.search(fault) for pattern in self._expected)]

    def _hear(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        if _BUSY in message.text and not address.endswith(_STREAM) and self._busy < _MOST_BUSY:
            self._busy += 1
        elif message.type in ("error", "warning"):
            self._seen.append(f"console: {message.text} ({address})")

    def _miss(self, request: Request) -> None:
        if request.failure != _GIVEN_UP:
            self._seen.append(f"request: {request.method} {request.url}: {request.failure}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith((self._service, *_INSIDE)):
            self._seen.append(f"elsewhere: {request.method} {request.url}")
