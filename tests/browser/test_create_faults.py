"""What the Create screen says where something is missing, refused, stopped, broken or lost."""

import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, Page, Route, expect

from scripts.trial import Trial
from tests.browser.axe import grave
from tests.browser.creating import (
    WORK_MS,
    choose_face,
    choose_voice,
    expect_done,
    fault,
    make,
    part,
    still_video,
)
from tests.browser.faults import Faults
from tests.browser.pictures import shoot
from tests.browser.visitor import sign_in
from tests.e2e.client import Client

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def tell(processes: list[int], what: signal.Signals) -> None:
    for process in processes:
        os.kill(process, what)


@pytest.fixture(scope="module")
def wall(folder: Path) -> Path:
    """A picture without a face, and a video of it beside it."""
    cv2.imwrite(str(folder / "wall.png"), np.full((240, 320, 3), 128, np.uint8))
    still_video(folder / "wall.png")
    return folder / "wall.png"


def test_what_is_missing_is_said_where_it_is_missing(desk: Page, folder: Path) -> None:
    make(desk)
    expect(fault(desk, "source")).to_have_text("Choose a portrait or a video first.")
    choose_face(desk, folder / "face.png")
    make(desk)
    expect(fault(desk, "first")).to_have_text("Choose the speech first.")
    desk.get_by_text("Text", exact=True).first.click()
    make(desk)
    expect(fault(desk, "first")).to_have_text("Type what is to be said.")
    expect(desk.get_by_role("textbox", name="Text")).to_be_focused()


def test_files_that_do_not_fit_are_refused_beside_where_they_were_chosen(
    desk: Page, faults: Faults, folder: Path, wall: Path
) -> None:
    faults.expect("422")
    desk.locator("#source-file").set_input_files(folder / "short.wav")
    expect(fault(desk, "source")).to_contain_text("neither a picture nor a video")
    (folder / "broken.png").write_text("not a picture")
    desk.locator("#source-file").set_input_files(folder / "broken.png")
    expect(fault(desk, "source")).to_contain_text("Not an image", timeout=WORK_MS)
    assert grave(desk) == []

    desk.get_by_role("button", name="Replace").first.click()
    choose_face(desk, wall, "No face was found")
    make(desk)
    expect(fault(desk, "source")).to_contain_text("Choose a picture with a face")
    desk.locator("#first-file").set_input_files(folder / "face.png")
    expect(fault(desk, "first")).to_contain_text("has no sound")


def test_an_option_that_is_refused_is_opened_and_told(desk: Page, faults: Faults, folder: Path) -> None:
    faults.expect("400|422")
    choose_face(desk, folder / "face.png")
    choose_voice(desk, folder / "short.wav")
    desk.get_by_role("heading", name="Options").click()
    desk.get_by_label("Webhook URL").fill("https://me:secret@example.com/hook")
    desk.get_by_label("Seed").fill("-4")
    make(desk)
    expect(desk.locator("#seed-fault")).to_contain_text("whole number")
    desk.get_by_label("Seed").fill("")
    make(desk)

    expect(desk.locator("#webhook-fault")).not_to_be_empty()


def test_a_job_is_cancelled_and_run_again(desk: Page, service: Trial, folder: Path) -> None:
    choose_face(desk, folder / "face.png")
    choose_voice(desk, folder / "short.wav")
    workers = service.pids("worker", "gpu")
    try:
        tell(workers, signal.SIGSTOP)
        make(desk)
        desk.locator("[data-cancel]").click()
        expect(part(desk, "outcome").get_by_role("alert").first).to_contain_text("Cancelled", timeout=WORK_MS)
    finally:
        tell(workers, signal.SIGCONT)
    assert grave(desk) == []
    desk.get_by_role("button", name="Try again").click()

    expect_done(desk)


def test_a_job_that_fails_tells_cause_and_remedy(
    browser: Browser, real_service: Trial, wall: Path, folder: Path, pictures: Path
) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, real_service.url, real_service.key)
    choose_face(page, wall.with_suffix(".mp4"), "No face was found")
    choose_voice(page, folder / "short.wav")
    make(page)

    told = part(page, "outcome").get_by_role("alert").first
    expect(told).to_contain_text("The video could not be made", timeout=WORK_MS)
    expect(told).to_contain_text("face was found")
    expect(told).to_contain_text("Send a picture or video")
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    assert grave(page) == []
    shoot(page, pictures, "create-failed")
    page.get_by_role("button", name="Change something").click()
    expect(page.get_by_role("button", name="Make the video")).to_be_visible()
    context.close()


def test_a_key_that_is_revoked_meanwhile_ends_the_session_with_a_reason(
    desk: Page, faults: Faults, service: Trial, client: Client
) -> None:
    faults.expect("401")
    admin = {"X-API-Key": service.key}
    keys = requests.get(f"{service.url}/api/v1/keys", headers=admin, timeout=30).json()["keys"]
    mine = next(key["id"] for key in keys if key["id"] in client.key)
    requests.delete(f"{service.url}/api/v1/keys/{mine}", headers=admin, timeout=30)
    part(desk, "source").get_by_role("button", name="Try the sample").click()

    expect(desk.locator("#sign-in-error")).to_contain_text("You were signed out")
    expect(desk.get_by_label("API key", exact=True)).to_be_focused()


def test_a_lost_connection_is_said_and_mended(desk: Page, faults: Faults, folder: Path) -> None:
    faults.expect("ERR_|Failed to load")
    choose_face(desk, folder / "face.png")
    choose_voice(desk, folder / "short.wav")
    tries: list[str] = []

    def break_twice(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) <= 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    desk.route("**/events", break_twice)
    make(desk)

    expect(part(desk, "outcome")).to_contain_text("The connection is lost")
    expect_done(desk)


def test_a_wrong_key_is_told_beside_the_field(page: Page, service: Trial, faults: Faults) -> None:
    faults.expect("401")
    page.goto(f"{service.url}/")
    assert grave(page) == []
    page.get_by_label("API key", exact=True).fill("sk_wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.locator("#sign-in-error")).to_contain_text("unknown or was revoked")
    expect(page.get_by_label("API key", exact=True)).to_have_attribute("aria-invalid", "true")


def test_a_link_that_no_longer_works_says_so(browser: Browser, service: Trial) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{service.url}/watch/nonsense/a.mp4")

    expect(page.get_by_role("heading")).to_have_text("There is no such video")
    assert grave(page) == []
    context.close()


def test_an_order_that_was_not_answered_is_sent_again_as_the_same_one(desk: Page, faults: Faults, folder: Path) -> None:
    faults.expect("ERR_|Failed to load")
    choose_face(desk, folder / "face.png")
    choose_voice(desk, folder / "short.wav")
    names: list[str] = []

    def break_once(route: Route) -> None:
        names.append(route.request.headers["idempotency-key"])
        if len(names) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    desk.route("**/v1/lipsync-image", break_once)
    make(desk)
    expect(desk.locator("[data-submit-fault]")).to_contain_text("cannot be reached")
    expect(desk.get_by_role("button", name="Make the video")).to_be_focused()
    make(desk)

    expect_done(desk)
    assert names[0] == names[1]
