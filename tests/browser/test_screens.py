"""Every screen as everybody meets it: by screen reader, on a phone, in the dark."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.trial import Trial
from tests.browser.axe import grave
from tests.browser.furnish import Furnished
from tests.browser.pictures import SCHEMES, SIZES, shoot, sideways
from tests.browser.screens import WAYS, leave
from tests.browser.visitor import SCREENS, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def visit(page: Page, furnished: Furnished) -> Page:
    """A page, signed in where there is something to see."""
    sign_in(page, furnished.client.url, furnished.client.key)
    return page


def test_every_screen_of_the_navigation_is_among_those_that_are_looked_at(desk: Page) -> None:
    links = desk.get_by_role("navigation").get_by_role("link").all_inner_texts()

    assert dict(zip(links, links, strict=True)).keys() == SCREENS.keys()
    assert set(SCREENS.values()) <= WAYS.keys()


def test_signing_in_has_no_grave_fault_and_no_sideways_scroll(page: Page, service: Trial) -> None:
    page.goto(f"{service.url}/")
    expect(page.get_by_label("API key", exact=True)).to_be_visible()

    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert grave(page) == []
    assert sideways(page) == 0


@pytest.mark.parametrize("name", WAYS)
def test_a_screen_is_for_everybody_and_is_photographed(
    visit: Page, furnished: Furnished, pictures: Path, name: str
) -> None:
    WAYS[name](visit, furnished)

    for width, height in (SIZES[0], SIZES[-1]):
        visit.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            visit.emulate_media(color_scheme=scheme)
            assert grave(visit) == [], f"{width} px, {scheme}"
    assert sideways(visit) == 0
    assert len(shoot(visit, pictures, name)) == len(SIZES) * len(SCHEMES)


def test_what_the_fingers_meet_is_large_enough(visit: Page, furnished: Furnished) -> None:
    visit.set_viewport_size({"width": 360, "height": 740})
    for name, way in WAYS.items():
        way(visit, furnished)
        small = visit.evaluate(
            """() => [...document.querySelectorAll('button, select, summary, a.button, nav a')].filter(each => {
                const box = each.getBoundingClientRect();
                return each.checkVisibility() && box.width && (box.width < 24 || box.height < 24);
            }).map(each => each.outerHTML)"""
        )
        assert small == [], name
        leave(visit)
