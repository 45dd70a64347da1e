"""The Keys screen by clicks."""

import pytest
import requests
from playwright.sync_api import Page, expect

from scripts.trial import Trial
from tests.browser.faults import Faults
from tests.browser.furnish import new_client
from tests.browser.visitor import go_to, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def admin(page: Page, service: Trial) -> Page:
    """The screen, signed in with a key that manages keys."""
    sign_in(page, service.url, new_client(service, name="the operator", scopes=["read", "admin"]).key)
    go_to(page, "Keys")
    return page


def test_a_new_key_is_shown_once_and_works(admin: Page, service: Trial) -> None:
    admin.get_by_role("button", name="New key").click()
    admin.get_by_label("Name", exact=True).fill("newsroom")
    admin.get_by_label("Plan").select_option("Pro")
    admin.get_by_role("button", name="Make key").click()

    expect(admin.get_by_role("heading", name="newsroom is ready")).to_be_focused()
    key = admin.get_by_role("group", name="API key").inner_text()
    expect(admin.get_by_role("group", name="Webhook secret")).to_contain_text("whsec_")
    admin.get_by_role("button", name="I have copied them").click()

    assert requests.get(f"{service.url}/api/v1/usage", headers={"X-API-Key": key}, timeout=30).json()["plan"] == "pro"
    expect(admin.get_by_text(key)).to_have_count(0)
    expect(admin.get_by_role("listitem").filter(has_text="newsroom")).to_contain_text("Pro")


def test_a_new_key_can_be_copied(admin: Page) -> None:
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.get_by_role("button", name="New key").click()
    admin.get_by_role("button", name="Make key").click()

    admin.get_by_role("button", name="Copy api key").click()

    expect(admin.get_by_role("status").filter(has_text="Copied api key")).to_be_attached()
    copied = admin.evaluate("() => navigator.clipboard.readText()")
    assert copied == admin.get_by_role("group", name="API key").inner_text()


def test_a_key_without_any_right_is_refused_where_it_is_asked_for(admin: Page) -> None:
    admin.get_by_role("button", name="New key").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Submit").uncheck()
    dialog.get_by_label("Read").uncheck()

    dialog.get_by_role("button", name="Make key").click()

    expect(dialog.get_by_role("alert")).to_contain_text("Tick at least one")
    expect(dialog.get_by_label("Submit")).to_be_focused()


def test_a_key_is_renamed_moved_to_another_plan_and_given_rights(admin: Page, service: Trial) -> None:
    new_client(service, name="shop")
    admin.reload()

    admin.get_by_role("button", name="Change shop", exact=True).click()
    admin.get_by_label("Name", exact=True).fill("shop two")
    admin.get_by_label("Plan").select_option("Free")
    admin.get_by_label("Submit").uncheck()
    admin.get_by_role("button", name="Save").click()

    row = admin.get_by_role("listitem").filter(has_text="shop two")
    expect(row).to_contain_text("Free")
    expect(row).not_to_contain_text("Submit")


def test_a_key_is_revoked_after_a_question(admin: Page, service: Trial) -> None:
    client = new_client(service, name="lost laptop")
    admin.reload()

    admin.get_by_role("button", name="Revoke lost laptop").click()
    admin.get_by_role("dialog").get_by_role("button", name="Revoke key").click()

    expect(admin.get_by_role("listitem").filter(has_text="lost laptop")).to_have_count(0)
    assert client.get("/api/v1/usage").status_code == 401
    admin.get_by_label("Show revoked keys").check()
    expect(admin.get_by_role("listitem").filter(has_text="lost laptop")).to_contain_text("Revoked")


def test_who_revokes_the_own_key_is_told_before_and_signed_out(admin: Page) -> None:
    own = admin.get_by_role("listitem").filter(has_text="This key")

    own.get_by_role("button", name="Revoke").click()
    expect(admin.get_by_role("dialog")).to_contain_text("you will be signed out")
    admin.get_by_role("button", name="Revoke key").click()

    expect(admin.get_by_role("alert").filter(has_text="was revoked")).to_be_visible()
    expect(admin.get_by_label("API key", exact=True)).to_be_visible()


def test_a_key_that_does_not_manage_keys_is_told_why(desk: Page, faults: Faults) -> None:
    faults.expect("403")

    go_to(desk, "Keys")

    expect(desk.get_by_role("heading", name="This key does not manage keys")).to_be_visible()
    expect(desk.get_by_text("mouthpiece keys create --scope admin")).to_be_visible()
    expect(desk.get_by_role("button", name="New key")).to_be_hidden()
