"""The Webhooks screen by clicks, with a receiver that answers as it is told."""

import re

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from tests.browser.counterpart import Counterpart
from tests.browser.faults import Faults
from tests.browser.furnish import webhooks
from tests.browser.visitor import go_to
from tests.e2e.client import Client, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def _order(client: Client, other: Counterpart, hook: str, state: str) -> None:
    """Order a job and wait until its webhook is in a state."""
    before = len(webhooks(client, state))
    client.image_job(f"{other.url}/face.png", f"{other.url}/short.wav", hook)
    until(lambda: len(webhooks(client, state)) > before)


def test_without_webhooks_it_says_how_there_come_to_be_some(desk: Page) -> None:
    go_to(desk, "Webhooks")

    expect(desk.get_by_role("heading", name="No webhooks yet")).to_be_visible()


def test_every_attempt_is_shown_with_what_the_receiver_answered(
    desk: Page, client: Client, counterpart: Counterpart
) -> None:
    _order(client, counterpart, counterpart.hook("/busy", 503), "pending")
    until(lambda: counterpart.received)
    go_to(desk, "Webhooks")
    row = desk.get_by_role("list", name="Webhooks, newest first").locator("> li")
    expect(row).to_contain_text("On its way")

    row.locator("summary").first.click()
    expect(row.get_by_role("row").last).to_contain_text("503 the receiver is out of order")
    row.get_by_text("What is sent").click()

    expect(row.get_by_label("Headers of the latest attempt")).to_contain_text("webhook-signature")
    expect(row.get_by_label("Body")).to_contain_text('"status": "completed"')


def test_a_failed_one_is_sent_again_and_its_delivery_is_seen(
    desk: Page, client: Client, counterpart: Counterpart
) -> None:
    hook = counterpart.hook("/gone", 410)
    _order(client, counterpart, hook, "failed")
    counterpart.statuses["/gone"] = 200
    go_to(desk, "Webhooks")
    desk.get_by_role("button", name="Enable: ").click()
    expect(desk.get_by_text(f"{hook} is enabled.").first).to_be_visible()

    desk.get_by_role("button", name="Send again to").click()

    row = desk.get_by_role("list", name="Webhooks, newest first").locator("> li")
    expect(row).to_contain_text("Delivered", timeout=30_000)


def test_sending_to_a_disabled_endpoint_is_refused_with_what_to_do(
    desk: Page, client: Client, counterpart: Counterpart, faults: Faults
) -> None:
    faults.expect("409")
    _order(client, counterpart, counterpart.hook("/gone", 410), "failed")
    go_to(desk, "Webhooks")

    desk.get_by_role("button", name="Send again to").click()

    expect(desk.locator(".delivery [role=alert]")).to_contain_text("is disabled")


def test_what_was_kept_for_a_disabled_endpoint_is_sent_with_enabling_it(
    desk: Page, client: Client, counterpart: Counterpart
) -> None:
    hook = counterpart.hook("/gone", 410)
    _order(client, counterpart, hook, "failed")
    _order(client, counterpart, hook, "disabled")
    counterpart.statuses["/gone"] = 200
    go_to(desk, "Webhooks")

    desk.get_by_role("button", name="Enable and send what was kept").click()

    expect(desk.locator("#endpoints-result")).to_contain_text("1 webhook sent.")
    until(lambda: len(webhooks(client, "delivered")) == 1)


def test_all_that_failed_in_a_while_are_sent_again(desk: Page, client: Client, counterpart: Counterpart) -> None:
    for number in range(3):
        _order(client, counterpart, counterpart.hook(f"/gone-{number}", 410), "failed")
        counterpart.statuses[f"/gone-{number}"] = 200
    go_to(desk, "Webhooks")
    expect(desk.get_by_role("button", name="Enable: ")).to_have_count(3)
    while desk.get_by_role("button", name="Enable: ").count():
        left = desk.get_by_role("button", name="Enable: ").count()
        desk.get_by_role("button", name="Enable: ").first.click()
        # At once: by itself the page looks again after 15 s.
        expect(desk.get_by_role("button", name="Enable: ")).to_have_count(left - 1, timeout=12_000)

    desk.get_by_role("button", name="Send again", exact=True).click()

    expect(desk.locator("#again-result")).to_have_text("3 webhooks sent again.")
    until(lambda: len(webhooks(client, "delivered")) == 3)


def test_a_test_event_shows_what_the_receiver_says(desk: Page, counterpart: Counterpart) -> None:
    go_to(desk, "Webhooks")
    desk.get_by_label("Address").fill(counterpart.hook())
    desk.get_by_role("button", name="Send test event").click()
    expect(desk.get_by_text(re.compile(r"Delivered\. The receiver answered 200 in \d+ ms: thanks"))).to_be_visible()

    desk.get_by_label("Address").fill(counterpart.hook("/busy", 503))
    desk.get_by_role("button", name="Send test event").click()

    expect(desk.get_by_text(re.compile(r"Not taken\. The receiver answered 503"))).to_be_visible()


def test_an_address_that_cannot_be_is_refused_beside_its_field(desk: Page, faults: Faults) -> None:
    faults.expect("400")
    go_to(desk, "Webhooks")

    desk.get_by_label("Address").fill("my receiver")
    desk.get_by_role("button", name="Send test event").click()

    expect(desk.locator("#probe-fault")).to_contain_text("Must not hold spaces")
    expect(desk.get_by_label("Address")).to_be_focused()
    expect(desk.get_by_label("Address")).to_have_attribute("aria-invalid", "true")


def test_a_new_secret_is_shown_once_and_signs(desk: Page, client: Client, counterpart: Counterpart) -> None:
    go_to(desk, "Webhooks")
    desk.get_by_label("Keep the old one valid for").select_option("1 hour")

    desk.get_by_role("button", name="Make a new secret").click()
    desk.get_by_role("dialog").get_by_role("button", name="Make new secret").click()

    secret = desk.get_by_role("group", name="Webhook secret").inner_text()
    expect(desk.get_by_text("An old secret still signs beside the newest until")).to_be_visible()
    desk.get_by_label("Address").fill(counterpart.hook())
    desk.get_by_role("button", name="Send test event").click()
    expect(desk.get_by_text("Delivered. ")).to_be_visible()
    _, headers, body = counterpart.received[0]
    assert Webhook(secret).verify(body, headers)


def test_a_state_that_no_webhook_is_in_says_so(desk: Page, client: Client, counterpart: Counterpart) -> None:
    _order(client, counterpart, counterpart.hook(), "delivered")
    go_to(desk, "Webhooks")

    desk.get_by_role("radio", name="Failed").check()

    expect(desk.get_by_text("No webhook is failed at the moment.")).to_be_visible()
