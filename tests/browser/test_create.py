"""The Create screen by clicks: from a face and a voice to a video that is watched, kept and shared."""

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.trial import Trial
from tests.browser.axe import grave
from tests.browser.creating import (
    PORTRAIT,
    VOICE,
    WORK_MS,
    choose_face,
    choose_voice,
    expect_done,
    make,
    part,
    still_video,
)
from tests.browser.faults import Faults
from tests.browser.pictures import SCHEMES, shoot, sideways
from tests.browser.visitor import go_to, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def pair(folder: Path) -> Path:
    """A portrait beside its mirror image."""
    face = cv2.imread(str(folder / "face.png"))
    assert face is not None
    cv2.imwrite(str(folder / "pair.png"), cv2.resize(np.hstack([face, face[:, ::-1]]), None, fx=2, fy=2))
    return folder / "pair.png"


@pytest.fixture(scope="module")
def film(folder: Path) -> Path:
    """A video of a second."""
    return still_video(folder / "face.png")


def test_a_portrait_and_a_voice_become_a_video_that_plays_and_can_be_shared(
    browser: Browser, real_service: Trial, tmp_path: Path, pictures: Path
) -> None:
    context = browser.new_context(accept_downloads=True)
    faults, page = Faults(context, real_service.url), context.new_page()
    sign_in(page, real_service.url, real_service.key)
    choose_face(page, PORTRAIT)
    shoot(page, pictures, "create-face")
    choose_voice(page, VOICE)
    expect(page.locator("[data-plan]")).to_contain_text("6.1 s")
    expect(page.locator("[data-plan]")).to_contain_text("14 credits")
    shoot(page, pictures, "create-ready")
    for name in ("Options", "Do the same in code"):
        page.get_by_role("heading", name=name).click()
        shoot(page, pictures, f"create-{name.split()[-1].lower()}")
        page.get_by_role("heading", name=name).click()
    make(page)
    expect(part(page, "outcome").get_by_role("progressbar").first).to_be_visible(timeout=WORK_MS)
    shoot(page, pictures, "create-running")

    expect_done(page)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.querySelector('video[aria-label=\"The finished video\"]').currentTime > 0.5")
    page.get_by_text("Compare", exact=True).click()
    page.get_by_label("Divider between before and after").fill("48")
    expect(page.locator(".tag.left")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes()[4:8] == b"ftyp"
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Position in seconds").fill("1.2")
    for name, words in {"slide": "Compare", "beside": "Side by side", "done": "Result"}.items():
        page.get_by_text(words, exact=True).click()
        shoot(page, pictures, f"create-{name}")
    assert grave(page) == []

    page.get_by_role("button", name="Share a link").click()
    link = page.get_by_label("Link to watch it").input_value()
    anyone = browser.new_context()
    watching = anyone.new_page()
    watching.goto(link)
    watching.wait_for_function("() => document.querySelector('video').readyState >= 1")
    assert grave(watching) == []
    shoot(watching, pictures, "watch")
    anyone.close()
    context.close()
    assert faults.unexpected == []


def test_a_video_gets_another_voice_and_is_compared_with_itself(desk: Page, film: Path, folder: Path) -> None:
    choose_face(desk, film)
    choose_voice(desk, folder / "short.wav")
    desk.get_by_role("heading", name="Options").click()
    desk.get_by_label("When the video is shorter than the speech").select_option("loop")
    make(desk)
    expect_done(desk)
    desk.get_by_text("Side by side").click()
    desk.get_by_label("Position in seconds").fill("1.3")

    # The video lasts a second: in a loop 1.3 s of the output show its third tenth.
    desk.wait_for_function("() => Math.abs(document.querySelector('video.before').currentTime - 0.3) < 0.05")
    assert grave(desk) == []


def test_the_microphone_is_recorded_and_heard(desk: Page, folder: Path) -> None:
    choose_face(desk, folder / "face.png")
    desk.get_by_text("Microphone", exact=True).first.click()
    recorder = part(desk, "first")
    recorder.get_by_role("button", name="Start recording").click()
    expect(recorder.get_by_role("timer")).to_contain_text(re.compile(r"^0:0[2-9]"))
    desk.wait_for_function("() => document.querySelector('[data-level]').value > 0.1")
    recorder.get_by_role("button", name="Stop recording").click()

    expect(part(desk, "outcome")).to_contain_text("Ready.", timeout=WORK_MS)
    length = re.search(r"([0-9.]+) s", part(desk, "outcome").locator("[data-plan]").inner_text())
    assert length
    assert 1.5 < float(length[1]) < 10
    make(desk)
    expect_done(desk)


def test_the_camera_takes_photos_and_videos(desk: Page) -> None:
    source = part(desk, "source")
    source.get_by_role("button", name="Use the camera").click()
    source.get_by_role("button", name="Take a photo").click()
    expect(source).to_contain_text("photo.jpg")
    expect(source).to_contain_text("No face was found", timeout=WORK_MS)

    source.get_by_role("button", name="Replace").click()
    source.get_by_role("button", name="Use the camera").click()
    source.get_by_role("button", name="Record a video").click()
    expect(source.get_by_role("timer")).to_contain_text(re.compile(r"^0:0[1-9]"))
    source.get_by_role("button", name="Stop recording").click()

    expect(source).to_contain_text(re.compile(r"recording\.\w+"))
    expect(source).to_contain_text("fps", timeout=WORK_MS)


def test_text_is_spoken_by_a_chosen_voice(desk: Page, folder: Path) -> None:
    choose_face(desk, folder / "face.png")
    desk.get_by_text("Text", exact=True).first.click()
    desk.get_by_role("textbox", name="Text").fill("Hello there.")
    expect(desk.locator("#script-count")).to_contain_text("12 of 5,000 characters")
    desk.get_by_label("Voice", exact=True).select_option("voice_british_male_01")
    make(desk)

    expect_done(desk)


def test_who_speaks_can_be_chosen_and_two_can_speak(desk: Page, pair: Path, folder: Path) -> None:
    choose_face(desk, pair, "2 faces were found")
    desk.get_by_role("button", name="Right face speaks").press("Enter")
    expect(desk.get_by_role("button", name="Right face speaks")).to_have_attribute("aria-pressed", "true")
    expect(desk.get_by_role("button", name="Right face speaks")).to_be_focused()
    choose_voice(desk, folder / "short.wav")
    make(desk)
    expect_done(desk)

    desk.get_by_role("button", name="Make another").click()
    desk.get_by_text("Both speak", exact=True).click()
    desk.locator("#second-file").set_input_files(folder / "short.wav")
    desk.get_by_label("Who speaks when").select_option("left_right")
    expect(part(desk, "outcome")).to_contain_text("Ready.", timeout=WORK_MS)
    make(desk)
    expect_done(desk)


def test_the_whole_way_works_by_keyboard(desk: Page) -> None:
    desk.locator("[data-part=source] [data-sample]").press("Enter")
    expect(part(desk, "source")).to_contain_text("One face was found", timeout=WORK_MS)
    desk.locator("[data-part=first] [data-sample]").press("Enter")
    expect(part(desk, "outcome")).to_contain_text("Ready.", timeout=WORK_MS)
    desk.get_by_role("button", name="Make the video").press("Enter")
    expect_done(desk)
    desk.get_by_role("button", name="Play", exact=True).press("Enter")
    desk.get_by_label("Result", exact=True).press("ArrowRight")
    desk.get_by_label("Divider between before and after").press("ArrowRight")
    expect(desk.locator(".tag.left")).to_be_visible()


def test_what_was_chosen_stays_while_one_looks_elsewhere_and_goes_with_the_key(desk: Page, folder: Path) -> None:
    choose_face(desk, folder / "face.png")
    go_to(desk, "Usage")
    go_to(desk, "Create")
    expect(part(desk, "source")).to_contain_text("face.png")
    desk.get_by_role("button", name="Sign out").click()
    expect(desk.get_by_label("API key", exact=True)).to_be_focused()

    assert "face.png" not in desk.content()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_state_of_the_screen_is_accessible_and_fits_a_phone(
    desk: Page, folder: Path, pair: Path, pictures: Path, scheme: str
) -> None:
    desk.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    states: list[Callable[[], None]] = [
        lambda: None,
        lambda: choose_face(desk, pair, "2 faces were found"),
        lambda: choose_voice(desk, folder / "short.wav"),
        lambda: desk.get_by_role("heading", name="Options").click(),
        lambda: desk.get_by_role("heading", name="Do the same in code").click(),
        lambda: desk.get_by_text("Text", exact=True).first.click(),
        lambda: desk.get_by_text("Both speak", exact=True).click(),
    ]
    for state in states:
        state()
        assert grave(desk) == []
        assert sideways(desk) == 0
    if scheme == "light":
        shoot(desk, pictures, "create-both")
