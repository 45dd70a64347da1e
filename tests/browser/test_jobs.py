"""The Jobs screens by clicks."""

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from scripts.trial import Trial
from tests.browser.counterpart import Counterpart
from tests.browser.creating import still_video
from tests.browser.faults import Faults
from tests.browser.furnish import new_client, state_of, wait_for
from tests.browser.visitor import go_to, open_job, sign_in
from tests.e2e.client import Client, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def held(client: Client, counterpart: Counterpart) -> str:
    """A job that runs until the counterpart gives out its picture."""
    job = client.image_job(f"{counterpart.url}/held/face.png", f"{counterpart.url}/short.wav")
    wait_for(client, job, "running")
    return job


@pytest.fixture
def done(client: Client, counterpart: Counterpart) -> str:
    """A job that has succeeded."""
    job = client.image_job(f"{counterpart.url}/face.png", f"{counterpart.url}/short.wav")
    wait_for(client, job, "succeeded")
    return job


def uploaded(client: Client, path: Path) -> str:
    """Upload a file and return the link that orders name it by."""
    key = {"Authorization": f"Bearer {client.key}"}
    answer = requests.post(f"{client.url}/api/v1/uploads", data=path.read_bytes(), headers=key, timeout=30)
    return str(answer.json()["url"])


def test_without_jobs_the_way_to_the_first_is_shown(desk: Page) -> None:
    go_to(desk, "Jobs")

    desk.get_by_role("link", name="Make the first one").click()

    expect(desk.locator("#screen-create")).to_be_visible()


def test_a_job_is_followed_to_its_end_without_a_click(desk: Page, counterpart: Counterpart, held: str) -> None:
    go_to(desk, "Jobs")
    row = desk.get_by_role("list", name="Jobs, newest first").get_by_role("listitem")
    expect(row).to_contain_text("Running")
    expect(row.get_by_role("progressbar")).to_be_visible()

    counterpart.release()

    expect(row).to_contain_text("Succeeded", timeout=30_000)
    expect(desk.locator("#jobs-told")).to_have_text(re.compile(r"Job \d+ succeeded\."))


def test_a_job_is_cancelled_run_again_and_deleted(
    desk: Page, client: Client, counterpart: Counterpart, held: str
) -> None:
    go_to(desk, "Jobs")
    row = desk.get_by_role("list", name="Jobs, newest first").get_by_role("listitem")

    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Cancelled", timeout=30_000)
    counterpart.release()
    row.get_by_role("button", name="Retry").click()
    expect(row).to_contain_text("Succeeded", timeout=30_000)
    row.get_by_role("button", name="Delete").click()
    desk.get_by_role("dialog").get_by_role("button", name="Delete job").click()

    # At once: by itself the page looks again 10 s after its last look, which was before the two clicks.
    expect(desk.get_by_role("heading", name="No jobs yet")).to_be_visible(timeout=6_000)
    assert client.get(f"/api/v1/jobs/{held}").status_code == 404


def test_a_job_is_kept_when_the_question_is_answered_with_escape(desk: Page, client: Client, done: str) -> None:
    go_to(desk, "Jobs")
    button = desk.get_by_role("button", name=re.compile("Delete job"))

    button.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Keep it")).to_be_focused()
    desk.keyboard.press("Escape")

    expect(button).to_be_focused()
    assert state_of(client, done) == "succeeded"


def test_a_state_is_chosen_by_keyboard_and_stays_in_the_address(desk: Page, done: str) -> None:
    go_to(desk, "Jobs")
    expect(desk.get_by_role("link", name=re.compile("Job "))).to_be_visible()

    desk.get_by_role("radio", name="All").focus()
    for _ in range(4):
        desk.keyboard.press("ArrowRight")
    expect(desk.get_by_text("No job is failed at the moment.")).to_be_visible()
    desk.reload()

    expect(desk.get_by_role("radio", name="Failed")).to_be_checked()
    expect(desk.get_by_text("No job is failed at the moment.")).to_be_visible()


def test_older_jobs_come_page_by_page(desk: Page, client: Client, counterpart: Counterpart) -> None:
    jobs = [client.image_job(f"{counterpart.url}/nowhere.png", f"{counterpart.url}/short.wav") for _ in range(22)]
    until(lambda: all(state_of(client, job) == "failed" for job in jobs))
    go_to(desk, "Jobs")
    rows = desk.get_by_role("list", name="Jobs, newest first").get_by_role("listitem")
    expect(rows).to_have_count(20)

    desk.get_by_role("button", name="Show older jobs").click()

    expect(rows).to_have_count(22)
    expect(desk.get_by_role("button", name="Show older jobs")).to_be_hidden()


def test_a_finished_job_has_its_video_to_watch_download_and_share(desk: Page, done: str) -> None:
    open_job(desk, done)
    desk.wait_for_function("() => document.querySelector('#job-result video').videoWidth > 0")

    with desk.expect_download() as download:
        desk.get_by_role("link", name="Download").click()
    with desk.context.expect_page() as opened:
        desk.get_by_role("link", name="Open shared page").click()

    assert Path(download.value.path()).stat().st_size > 1000
    expect(opened.value.locator("video")).to_be_visible()
    expect(desk.get_by_role("listitem").filter(has_text="Succeeded")).to_be_visible()


@pytest.mark.parametrize("kind", ["image", "video"])
@pytest.mark.parametrize("is_uploaded", [False, True])
def test_a_finished_job_shows_what_it_was_made_of(
    desk: Page, client: Client, counterpart: Counterpart, folder: Path, kind: str, is_uploaded: bool
) -> None:
    picture = folder / "face.png"
    path = picture if kind == "image" else still_video(picture)
    source = uploaded(client, path) if is_uploaded else f"{counterpart.url}/{path.name}"
    state = {kind: source, "audio": f"{counterpart.url}/short.wav"}
    job = client.post(f"/api/v1/lipsync-{kind}", {"formState": state}).json()["id"]
    wait_for(client, job, "succeeded")

    open_job(desk, job)

    desk.wait_for_function(
        "() => { const { naturalWidth, videoWidth } = document.querySelector('#job-result .before');"
        " return (naturalWidth || videoWidth) > 0; }"
    )


def test_a_failed_job_says_why_and_what_to_do(desk: Page, client: Client, counterpart: Counterpart) -> None:
    job = client.image_job(f"{counterpart.url}/nowhere.png", f"{counterpart.url}/short.wav")
    wait_for(client, job, "failed")

    open_job(desk, job)

    error = desk.get_by_role("region", name="Why it failed")
    expect(error).to_contain_text("The picture: the other side answered 404.")
    expect(error).to_contain_text("fetch_failed")
    expect(error).to_contain_text("Open the address in a browser")


def test_a_running_job_is_followed_to_its_video(desk: Page, counterpart: Counterpart, held: str) -> None:
    open_job(desk, held)
    expect(desk.get_by_role("listitem").filter(has_text="Fetch")).to_have_attribute("aria-current", "step")
    expect(desk.locator("#job-facts")).to_contain_text("Portrait")

    counterpart.release()

    expect(desk.get_by_role("link", name="Download")).to_be_visible(timeout=30_000)
    expect(desk.get_by_role("region", name="Progress")).to_be_hidden()


def test_two_voices_are_to_be_joined_from_the_start(desk: Page, client: Client, counterpart: Counterpart) -> None:
    voice = f"{counterpart.url}/short.wav"
    state = {"image": f"{counterpart.url}/held/face.png", "left_audio": voice, "right_audio": voice}
    job = client.post("/api/v1/lipsync-image-multi", {"formState": state}).json()["id"]
    wait_for(client, job, "running")

    open_job(desk, job)

    expect(desk.locator("#job-facts")).to_contain_text("Two people")
    expect(desk.get_by_role("listitem").filter(has_text="Speak")).to_have_class("stage ahead")
    counterpart.release()


def test_everything_that_the_api_says_of_a_job_is_there(desk: Page, done: str) -> None:
    open_job(desk, done)

    desk.get_by_text("As JSON, from the API").click()

    expect(desk.get_by_label("The job object as JSON")).to_contain_text(f'"id": "{done}"')


def test_a_job_is_found_by_its_number(desk: Page, client: Client, done: str) -> None:
    number = client.get(f"/api/v1/jobs/{done}").json()["number"]
    go_to(desk, "Jobs")

    desk.get_by_label("Number or id of a job").fill(str(number))
    desk.keyboard.press("Enter")

    expect(desk.get_by_role("heading", name=f"Job {number}")).to_be_visible()


def test_a_job_of_another_key_is_none(desk: Page, service: Trial, faults: Faults, counterpart: Counterpart) -> None:
    faults.expect("404")
    other = new_client(service, name="another")
    job = other.image_job(f"{counterpart.url}/face.png", f"{counterpart.url}/short.wav")

    go_to(desk, "Jobs")
    desk.get_by_label("Number or id of a job").fill(job)
    desk.keyboard.press("Enter")

    expect(desk.get_by_role("alert").filter(has_text="no such job")).to_be_visible()
    expect(desk.get_by_text("A key sees only its own jobs")).to_be_visible()


def test_a_redelivery_shows_its_attempt(desk: Page, client: Client, counterpart: Counterpart) -> None:
    job = client.image_job(f"{counterpart.url}/face.png", f"{counterpart.url}/short.wav", counterpart.hook())
    until(lambda: counterpart.received)
    open_job(desk, job)
    webhooks = desk.get_by_role("region", name="Webhooks")
    expect(webhooks).to_contain_text("Delivered", timeout=30_000)

    webhooks.get_by_role("button", name="Send again").click()
    webhooks.locator("summary").first.click()

    expect(webhooks.get_by_role("row")).to_have_count(3, timeout=30_000)
    assert len({headers["webhook-id"] for _, headers, _ in counterpart.received}) == 1


def test_a_key_that_has_used_up_its_minute_waits_as_it_is_asked_to(page: Page, service: Trial, faults: Faults) -> None:
    faults.expect("429")
    client = new_client(service, name="small", plan="free")
    sign_in(page, service.url, client.key)
    while client.get("/api/v1/usage").status_code != 429:
        pass
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    go_to(page, "Jobs")

    expect(page.get_by_role("alert").filter(has_text="Looking again in")).to_be_visible()
    page.wait_for_timeout(6000)
    assert len([url for url in asked if "/jobs?" in url]) == 1
