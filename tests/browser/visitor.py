"""A person at the page: signs in with a key, goes from screen to screen."""

from playwright.sync_api import Page, expect

#: Screens of the navigation, by the words that lead to them, and their place after `#/`.
SCREENS = {"Create": "create", "Jobs": "jobs", "Webhooks": "webhooks", "Keys": "keys", "Usage": "usage"}


def sign_in(page: Page, service: str, key: str) -> None:
    """Open the page and type the key."""
    page.goto(f"{service}/")
    page.get_by_label("API key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation")).to_be_visible()


def go_to(page: Page, screen: str) -> None:
    """Follow a link of the navigation."""
    page.get_by_role("navigation").get_by_role("link", name=screen, exact=True).click()
    expect(page.locator(f"#screen-{SCREENS[screen]}")).to_be_visible()


def open_job(page: Page, job_id: str) -> None:
    """Follow the link of a job in the list."""
    go_to(page, "Jobs")
    page.locator(f'#job-list a[href="#/jobs/{job_id}"]').click()
    expect(page.locator("#job-body")).to_be_visible()
