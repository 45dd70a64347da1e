"""A person at the Create screen: chooses a face and a voice, and asks for the video."""

from pathlib import Path

import av
import cv2
import numpy as np
from playwright.sync_api import Locator, Page, expect

from tests.browser.files import SAMPLES

PORTRAIT, VOICE = SAMPLES / "portrait.png", SAMPLES / "voice-austen.wav"
WORK_MS = 180_000


def part(page: Page, name: str) -> Locator:
    return page.locator(f"[data-part={name}]")


def fault(page: Page, name: str) -> Locator:
    return part(page, name).locator(".fault").first


def choose_face(page: Page, path: Path, words: str = "One face was found") -> None:
    page.locator("#source-file").set_input_files(path)
    expect(part(page, "source")).to_contain_text(words, timeout=WORK_MS)


def choose_voice(page: Page, path: Path) -> None:
    page.locator("#first-file").set_input_files(path)
    expect(part(page, "outcome")).to_contain_text("Ready.", timeout=WORK_MS)


def make(page: Page) -> None:
    page.get_by_role("button", name="Make the video").click()


def expect_done(page: Page) -> None:
    expect(part(page, "outcome").get_by_role("link", name="Download")).to_be_visible(timeout=WORK_MS)


def still_video(picture: Path) -> Path:
    """A second of a picture, beside it."""
    pixels = cv2.imread(str(picture))
    assert pixels is not None
    frame = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="bgr24")
    path = picture.with_suffix(".mp4")
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        for _ in range(25):
            frame.pts = None
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path
