"""The Usage screen."""

import pytest
from playwright.sync_api import Page, expect

from scripts.trial import Trial
from tests.browser.counterpart import Counterpart
from tests.browser.furnish import new_client, wait_for
from tests.browser.visitor import go_to, sign_in
from tests.e2e.client import Client

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_credits_of_a_job_that_succeeded_are_counted(desk: Page, client: Client, counterpart: Counterpart) -> None:
    job = client.image_job(f"{counterpart.url}/face.png", f"{counterpart.url}/short.wav")
    cost = wait_for(client, job, "succeeded")["credits"]

    go_to(desk, "Usage")

    expect(desk.get_by_role("region", name="Credits used")).to_contain_text(str(cost))
    expect(desk.get_by_role("region", name="Credits reserved")).to_contain_text("0")


def test_credits_of_a_job_that_runs_are_reserved(desk: Page, client: Client, counterpart: Counterpart) -> None:
    job = client.image_job(f"{counterpart.url}/held/face.png", f"{counterpart.url}/short.wav")
    reserved = wait_for(client, job, "running")["estimated_credits"]

    go_to(desk, "Usage")

    expect(desk.get_by_role("region", name="Credits reserved")).to_contain_text(str(reserved))


def test_a_limited_key_sees_what_is_left_of_its_minute(page: Page, service: Trial) -> None:
    sign_in(page, service.url, new_client(service, name="small", plan="free").key)

    go_to(page, "Usage")

    left = page.get_by_role("region", name="Requests left this minute")
    expect(left).to_contain_text("of 60 a minute")
    expect(left.get_by_role("progressbar")).to_have_attribute("max", "60")
    expect(page.get_by_text("Free", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Requests, ")).to_contain_text("that the plan's rate admits")


def test_an_unlimited_key_is_told_so(desk: Page) -> None:
    go_to(desk, "Usage")

    expect(desk.get_by_role("region", name="Requests left this minute")).to_contain_text("No limit")
