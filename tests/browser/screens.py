"""Every screen, one after the other, for those who look: `python -m tests.browser.screens --out DIR`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from playwright.sync_api import Page, expect

from scripts.trial import running
from tests.browser import chromium
from tests.browser.counterpart import answering
from tests.browser.files import write_files
from tests.browser.furnish import Furnished, furnish
from tests.browser.pictures import shoot
from tests.browser.service import LIGHT
from tests.browser.visitor import go_to, open_job, sign_in

#: A screen's name, and how a person who is signed in comes there and sees it filled.
Way = Callable[[Page, Furnished], None]


def _create(page: Page, found: Furnished) -> None:
    go_to(page, "Create")


def _jobs(page: Page, found: Furnished) -> None:
    go_to(page, "Jobs")
    expect(page.locator(f'#job-list a[href="#/jobs/{found.succeeded}"]')).to_be_visible()


def _finished_job(page: Page, found: Furnished) -> None:
    open_job(page, found.succeeded)
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    page.wait_for_function("() => document.querySelector('#job-result video').readyState >= 2")


def _failed_job(page: Page, found: Furnished) -> None:
    open_job(page, found.failed)
    page.locator(".delivery summary").first.click()
    expect(page.get_by_role("heading", name="Why it failed")).to_be_visible()
    expect(page.locator(".attempts tbody tr").first).to_be_visible()


def _running_job(page: Page, found: Furnished) -> None:
    open_job(page, found.running())
    expect(page.get_by_role("heading", name="Progress")).to_be_visible()


def _webhooks(page: Page, found: Furnished) -> None:
    go_to(page, "Webhooks")
    expect(page.get_by_role("heading", name="Disabled endpoints")).to_be_visible()


def _keys(page: Page, found: Furnished) -> None:
    go_to(page, "Keys")
    expect(page.get_by_text("Shop backend")).to_be_visible()


def _new_key(page: Page, found: Furnished) -> None:
    go_to(page, "Keys")
    page.get_by_role("button", name="New key").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _usage(page: Page, found: Furnished) -> None:
    go_to(page, "Usage")
    expect(page.get_by_role("heading", name="Credits used")).to_be_visible()


#: Every screen of the navigation, each view of a job, and what covers a screen.
WAYS: dict[str, Way] = {
    "create": _create,
    "jobs": _jobs,
    "job-finished": _finished_job,
    "job-failed": _failed_job,
    "job-running": _running_job,
    "webhooks": _webhooks,
    "keys": _keys,
    "keys-new": _new_key,
    "usage": _usage,
}


def leave(page: Page) -> None:
    """Close what covers the screen."""
    if page.get_by_role("dialog").count():
        page.keyboard.press("Escape")


def _signed_out(page: Page, folder: Path, url: str) -> None:
    page.goto(f"{url}/")
    expect(page.get_by_label("API key", exact=True)).to_be_visible()
    shoot(page, folder, "sign-in")


def _walk(page: Page, found: Furnished, folder: Path) -> Iterator[str]:
    _signed_out(page, folder, found.client.url)
    yield "sign-in"
    sign_in(page, found.client.url, found.client.key)
    for name, way in WAYS.items():
        way(page, found)
        shoot(page, folder, name)
        leave(page)
        yield name


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the screenshots.")
def main(out: Path) -> None:
    """Write screenshots of every screen in three sizes, light and dark, with an engine that changes nothing."""
    executable = chromium.path()
    if executable is None:
        raise click.ClickException("no Chromium on PATH: scripts/chromium installs one, CHROMIUM names one")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        write_files(folder)
        service = stack.enter_context(running(LIGHT, log=folder / "service.log"))
        found = furnish(service, stack.enter_context(answering(folder)))
        page = stack.enter_context(chromium.running(executable)).new_page(locale="en-GB", reduced_motion="reduce")
        for name in _walk(page, found, out):
            click.echo(name)


if __name__ == "__main__":
    main()
