"""The README's picture of the page: the sample portrait made to speak by the real engine, as a client sees it.

usage: python -m tests.browser.readme_picture docs/images/page.jpg
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser

from scripts.trial import Trial, running
from tests.browser import chromium
from tests.browser.creating import choose_face, choose_voice, expect_done, make
from tests.browser.files import SAMPLES
from tests.browser.service import REAL
from tests.browser.visitor import sign_in

_SIZE = (1100, 940)
#: Seconds into the video at which the mouth is open.
_SPEAKING_S = 0.34
_QUALITY = 26


def main() -> None:
    """Write the picture to the path that is named."""
    executable = chromium.path()
    if executable is None or len(sys.argv) != 2:
        sys.exit("usage: python -m tests.browser.readme_picture FILE.jpg, where Chromium is")
    with running(REAL) as trial, chromium.running(executable) as browser:
        take(browser, trial, Path(sys.argv[1]))


def take(browser: Browser, trial: Trial, out: Path) -> None:
    """Make a video on the page of a service, and write what a screen of twice the density shows then."""
    width, height = _SIZE
    page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=2)
    sign_in(page, trial.url, trial.key)
    choose_face(page, SAMPLES / "portrait.png")
    choose_voice(page, SAMPLES / "voice-austen.wav")
    make(page)
    expect_done(page)
    page.evaluate(
        "(at) => document.querySelectorAll('video').forEach((video) => { video.currentTime = at; })", _SPEAKING_S
    )
    page.evaluate("() => scrollTo(0, 0)")
    page.wait_for_timeout(1000)
    page.screenshot(path=out, type="jpeg", quality=_QUALITY, animations="disabled")
    page.close()


if __name__ == "__main__":
    main()
