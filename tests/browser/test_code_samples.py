"""The code that the Create screen shows: it runs as it stands but for the key."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.creating import choose_face, choose_voice, part
from tests.e2e.client import Client

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.mark.parametrize("language", ["curl", "Python", "JavaScript"])
@pytest.mark.parametrize("speech", ["file", "text"])
def test_the_code_samples_run(
    desk: Page, client: Client, folder: Path, tmp_path: Path, language: str, speech: str
) -> None:
    """As they stand but for the key, beside the files that they name."""
    name = "my 'own' face.png" if speech == "text" else "face.png"
    (tmp_path / name).write_bytes((folder / "face.png").read_bytes())
    (tmp_path / "short.wav").write_bytes((folder / "short.wav").read_bytes())
    choose_face(desk, tmp_path / name)
    if speech == "file":
        choose_voice(desk, tmp_path / "short.wav")
    else:
        desk.get_by_text("Text", exact=True).first.click()
        desk.get_by_role("textbox", name="Text").fill('He said: "it\'s $5", `pwd` \\ <image> & so on.')
    desk.get_by_role("heading", name="Do the same in code").click()
    desk.get_by_text(language, exact=True).click()
    code = part(desk, "samples").locator("pre").text_content() or ""
    file = tmp_path / {"curl": "make.sh", "Python": "make.py", "JavaScript": "make.mjs"}[language]
    file.write_text(code.replace("sk_your_key", client.key), encoding="utf-8")
    program = {"curl": "sh", "Python": sys.executable, "JavaScript": "node"}[language]

    ran = subprocess.run([program, file.name], cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "result.mp4").read_bytes()[4:8] == b"ftyp", ran.stdout
