"""Chromium for tests: the one of the machine, quiet on the network, with a made-up microphone and camera."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

#: Programs that will do, best first; `scripts/chromium` installs one where there is none.
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: What it does by itself would be waited for, and where there is no network it would wait for long.
QUIET = ("--disable-quic", "--disable-background-networking", "--disable-component-update", "--no-first-run")
#: Chromium's own sandbox cannot be had by root.
AS_ROOT = ("--no-sandbox",)
#: For the first time it is read from a cold disk.
_START_MS = 120_000


def path() -> str | None:
    """Where Chromium is: what CHROMIUM names, else what PATH has; None for neither."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def running(executable: str, heard: Path | None = None) -> Iterator[Browser]:
    """Run Chromium.

    Args:
        executable: where it is.
        heard: a WAV file that its microphone hears; a beep by default.
    """
    flags = [*QUIET, *(AS_ROOT if os.geteuid() == 0 else ())]
    flags += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-dev-shm-usage"]
    flags += [f"--use-file-for-fake-audio-capture={heard}"] if heard else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=flags, timeout=_START_MS)
        try:
            yield browser
        finally:
            browser.close()
