import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.trial import Trial, running
from tests.browser import chromium
from tests.browser.counterpart import Counterpart, answering
from tests.browser.faults import Faults
from tests.browser.files import SAMPLES, write_files
from tests.browser.furnish import Furnished, furnish, new_client
from tests.browser.service import LIGHT, REAL
from tests.browser.visitor import sign_in
from tests.e2e.client import Client

#: Playwright's own five seconds are no more than the page's pause after a look that failed.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests here; without it nothing here runs, and in CI everything fails."""
    executable = chromium.path()
    if executable is None:
        pytest.skip("no Chromium on PATH: scripts/chromium installs one, CHROMIUM names one")
    with chromium.running(executable, SAMPLES / "voice-austen.wav") as running_browser:
        yield running_browser


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The whole service with an engine that costs nothing; only keys of the free plan are limited."""
    with running(LIGHT, log=tmp_path_factory.mktemp("light") / "service.log") as trial:
        yield trial


@pytest.fixture(scope="package")
def real_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The whole service with its own engine."""
    with running(REAL, log=tmp_path_factory.mktemp("real") / "service.log") as trial:
        yield trial


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small portrait, `face.png`, and a voice of 1.5 s, `short.wav`."""
    made = tmp_path_factory.mktemp("files")
    write_files(made)
    return made


@pytest.fixture
def counterpart(folder: Path) -> Iterator[Counterpart]:
    """The client's side: files that jobs fetch, and a receiver of webhooks."""
    with answering(folder) as other:
        yield other


@pytest.fixture(scope="package")
def furnished(service: Trial, folder: Path) -> Iterator[Furnished]:
    """A key with jobs and webhooks in every state."""
    with answering(folder) as other:
        yield furnish(service, other)


@pytest.fixture
def client(service: Trial) -> Client:
    """A key of its own for the test, that submits and reads."""
    return new_client(service, name="test")


@pytest.fixture
def context(browser: Browser, service: Trial) -> Iterator[BrowserContext]:
    """A browser of a person of their own."""
    opened = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce")
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


@pytest.fixture
def faults(context: BrowserContext, service: Trial) -> Iterator[Faults]:
    """What goes wrong in the page; what nobody expected fails the test."""
    found = Faults(context, service.url)
    yield found
    assert found.unexpected == []


@pytest.fixture
def page(context: BrowserContext, faults: Faults) -> Page:
    """A page in which nothing may go wrong."""
    return context.new_page()


@pytest.fixture
def desk(page: Page, service: Trial, client: Client) -> Page:
    """A page, signed in with the test's own key."""
    sign_in(page, service.url, client.key)
    return page


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: the folder that SCREENSHOTS names, else one that pytest keeps for a while."""
    named = os.environ.get("SCREENSHOTS")
    return Path(named) if named else tmp_path_factory.mktemp("screenshots")
