"""What is left behind: screens, sessions, cameras and answers that come after somebody has gone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.counterpart import Counterpart
from tests.browser.creating import WORK_MS, choose_face, choose_voice, expect_done, make
from tests.browser.faults import Faults
from tests.browser.furnish import wait_for
from tests.browser.visitor import go_to, open_job
from tests.e2e.client import Client

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

#: Keeps every stream that the page is given, as `streams`.
KEEP_STREAMS = """
    window.streams = [];
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      window.streams.push(stream);
      return stream;
    };
"""
LIVE = "window.streams.flatMap((each) => each.getTracks()).filter((each) => each.readyState === 'live').length"
TWICE = "(each) => { each.click(); each.click(); }"


def failed_job(client: Client, counterpart: Counterpart) -> str:
    job = client.image_job(f"{counterpart.url}/nowhere.png", f"{counterpart.url}/short.wav")
    wait_for(client, job, "failed")
    return job


def test_after_the_sign_in_the_screen_has_the_focus(desk: Page) -> None:
    expect(desk.get_by_role("heading", name="Make a face speak")).to_be_focused()


def test_an_address_that_cannot_be_read_is_told_as_an_unknown_job(desk: Page, faults: Faults) -> None:
    faults.expect("404")
    desk.evaluate("location.hash = '#/jobs/%'")

    expect(desk.get_by_role("alert").filter(has_text="no such job")).to_be_visible()


def test_an_answer_about_a_job_that_was_left_does_not_show_over_another(
    desk: Page, client: Client, counterpart: Counterpart
) -> None:
    one, other = failed_job(client, counterpart), failed_job(client, counterpart)
    number = client.get(f"/api/v1/jobs/{other}").json()["number"]
    held: list[Route] = []
    desk.route("**/retry", lambda route: held.append(route))
    open_job(desk, one)
    with desk.expect_request("**/retry"):
        desk.get_by_role("button", name="Retry").click()
    desk.wait_for_timeout(300)

    desk.evaluate(f"location.hash = '#/jobs/{other}'")
    expect(desk.get_by_role("heading", name=f"Job {number}")).to_be_visible()
    with desk.expect_response("**/retry"):
        held[0].continue_()
    desk.wait_for_timeout(300)

    expect(desk.locator("#job-title")).to_have_text(f"Job {number}")


def test_camera_and_microphone_are_let_go_of_with_the_screen(desk: Page) -> None:
    desk.context.grant_permissions(["camera", "microphone"])
    desk.evaluate(f"() => {{ {KEEP_STREAMS} }}")
    desk.get_by_role("button", name="Use the camera").evaluate(TWICE)
    desk.locator("label[for=first-mode-mic]").click()
    desk.get_by_role("button", name="Start recording").evaluate(TWICE)
    desk.wait_for_function("() => window.streams.length >= 2")
    expect(desk.get_by_role("button", name="Stop recording")).to_be_visible()
    assert desk.evaluate(LIVE) == 2

    go_to(desk, "Jobs")

    assert desk.evaluate(LIVE) == 0
    go_to(desk, "Create")
    expect(desk.get_by_role("button", name="Use the camera")).to_be_visible()
    expect(desk.get_by_role("button", name="Start recording")).to_be_visible()


def test_an_open_question_ends_with_the_session(desk: Page, client: Client, counterpart: Counterpart) -> None:
    open_job(desk, failed_job(client, counterpart))
    desk.get_by_role("button", name="Delete").click()
    expect(desk.get_by_role("dialog")).to_be_visible()

    desk.locator("#sign-out").evaluate("(each) => each.click()")

    expect(desk.get_by_role("dialog")).to_have_count(0)
    expect(desk.get_by_label("API key", exact=True)).to_be_focused()
    expect(desk.locator("#job-error-text")).to_be_empty()
    expect(desk.locator("#job-raw")).to_be_empty()


def test_an_order_that_may_have_been_taken_keeps_its_name_through_a_full_minute(
    desk: Page, faults: Faults, folder: Path
) -> None:
    faults.expect("ERR_|Failed to load|429")
    choose_face(desk, folder / "face.png")
    choose_voice(desk, folder / "short.wav")
    names: list[str] = []

    def answer(route: Route) -> None:
        names.append(route.request.headers["idempotency-key"])
        if len(names) == 1:
            route.abort("connectionreset")
        elif len(names) == 2:
            route.fulfill(status=429, json={"error": "too many requests", "remedy": "Wait."})
        else:
            route.continue_()

    desk.route("**/v1/lipsync-image", answer)
    for words in ("cannot be reached", "Too many requests"):
        make(desk)
        expect(desk.locator("[data-submit-fault]")).to_contain_text(words)
    make(desk)

    expect_done(desk)
    assert names == [names[0]] * 3


def test_the_plan_of_other_speech_is_not_shown(desk: Page, faults: Faults, folder: Path) -> None:
    faults.expect("422")
    choose_face(desk, folder / "face.png")
    choose_voice(desk, folder / "short.wav")
    expect(desk.locator("[data-plan]")).to_be_visible()
    (folder / "broken.wav").write_text("not a sound")

    desk.locator("#first-file").set_input_files(folder / "broken.wav")

    expect(desk.locator("#first-fault")).not_to_be_empty(timeout=WORK_MS)
    expect(desk.locator("[data-plan]")).to_be_hidden()


def test_what_goes_on_being_wrong_is_read_aloud_once(desk: Page) -> None:
    writes = desk.evaluate(
        """async () => {
          const { say } = await import(new URL("assets/dom.js", document.baseURI));
          const alert = document.createElement("p");
          let writes = 0;
          new MutationObserver((changes) => { writes += changes.length; }).observe(alert, { childList: true });
          for (const text of ["Wrong.", "Wrong.", "Wrong."]) say(alert, text);
          await new Promise((done) => setTimeout(done));
          return writes;
        }"""
    )

    assert writes == 1
