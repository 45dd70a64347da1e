"""Screenshots for people to look at, and what of a layout a machine can measure."""

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

#: A phone, a tablet, a desk: width and height in CSS pixels.
SIZES = ((360, 740), (820, 1180), (1440, 900))
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
#: The narrowest page that WCAG 2.2 asks to work without scrolling sideways (1.4.10).
NARROWEST = 320


def shoot(page: Page, folder: Path, name: str) -> list[Path]:
    """Write the whole page in every size, light and dark, as NAME-WIDTH-SCHEME.png; the size stays the desk's."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate("() => scrollTo(0, 0)")
            taken.append(folder / f"{name}-{width}-{scheme}.png")
            page.screenshot(path=taken[-1], full_page=True, animations="disabled")
    page.emulate_media(color_scheme="light")
    return taken


def sideways(page: Page, width: int = NARROWEST) -> int:
    """By how many pixels the page is wider than a window of `width`; the window's size is put back."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 740})
    excess = int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
    if before:
        page.set_viewport_size(before)
    return excess
