"""The rig of these tests finds what it is there to find."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from scripts.trial import Trial
from tests.browser.axe import grave
from tests.browser.faults import Faults
from tests.browser.pictures import SCHEMES, SIZES, shoot, sideways

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_picture_without_words_and_pale_text_are_found(page: Page, faults: Faults) -> None:
    page.set_content(
        "<!doctype html><html lang=en><title>x</title><main><h1>x</h1><img src=data:,><p style='color:#ccc'>pale words"
    )
    faults.expect("data:")

    assert {each.rule for each in grave(page)} >= {"image-alt", "color-contrast"}


def test_errors_in_the_console_of_scripts_and_of_requests_are_noted(browser: Browser, service: Trial) -> None:
    context = browser.new_context()
    found = Faults(context, service.url)
    page = context.new_page()
    page.goto(f"{service.url}/healthz")

    page.evaluate("() => { console.error('a bad thing'); setTimeout(() => { throw new Error('thrown') }) }")
    page.evaluate("() => fetch('/api/v1/jobs')")
    page.evaluate("() => fetch('http://127.0.0.1:1/').catch(() => null)")
    context.close()

    told = "\n".join(found.unexpected)
    assert all(
        word in told for word in ("a bad thing", "thrown", "401", "elsewhere: GET http://127.0.0.1:1/", "net::ERR")
    )


def test_what_the_policy_forbids_is_noted(browser: Browser, service: Trial) -> None:
    context = browser.new_context()
    found = Faults(context, service.url)
    page = context.new_page()
    page.set_content("<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\"><script>1</script>")
    context.close()

    assert "Content Security Policy" in found.unexpected[0]


def test_a_page_that_is_too_wide_is_found(page: Page) -> None:
    page.set_content("<!doctype html><meta name=viewport content='width=device-width'><div style='width:400px'>x")

    assert sideways(page) > 0
    assert sideways(page, 1440) == 0


def test_screenshots_are_taken_in_every_size_light_and_dark(page: Page, tmp_path: Path) -> None:
    page.set_content("<p>x")

    taken = shoot(page, tmp_path, "x")

    assert len({path.read_bytes() for path in taken}) >= len(SIZES)
    assert len(taken) == len(SIZES) * len(SCHEMES)
