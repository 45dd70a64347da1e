"""What the image is made of, laid out as its Dockerfile says, starts: in its environment, from another folder."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.deploy.known import DEPLOY, ROOT
from tests.e2e.client import until

pytestmark = pytest.mark.e2e

DOCKERFILE = (DEPLOY / "container" / "Dockerfile").read_text(encoding="utf-8")


def _context(folder: Path) -> Path:
    """What .dockerignore lets into the image: all that it names, without caches."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (line[1:] for line in lines if line.startswith("!")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environ(data: Path) -> dict[str, str]:
    (entries,) = re.findall(r"^ENV PATH.*?(?<!\\)$", DOCKERFILE, re.DOTALL | re.MULTILINE)
    given = dict(word.split("=", 1) for word in shlex.split(entries.replace("\\\n", " "))[1:])
    ours = {name: value.replace("/var/lib/mouthpiece", str(data)) for name, value in given.items() if name != "PATH"}
    return ours | {"PATH": os.environ["PATH"]}


def test_the_images_content_answers_for_its_health(tmp_path: Path) -> None:
    image, data, port = _context(tmp_path / "image"), tmp_path / "data", _free_port()
    (command,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    words = list(re.findall(r'"([^"]*)"', command))
    words[words.index("--port") + 1], words[words.index("--host") + 1] = str(port), "127.0.0.1"
    data.mkdir()
    # Found before what is installed, as the image's own is.
    environ = _environ(data) | {"PYTHONPATH": str(image), "PYTHONDONTWRITEBYTECODE": "1"}

    with subprocess.Popen([sys.executable, "-m", "scripts.cli", *words], cwd=data, env=environ) as process:
        try:
            assert until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), 60)
            loaded = Path(f"/proc/{process.pid}/cwd").resolve()
        finally:
            process.terminate()

    assert loaded == image
    assert process.returncode == 0
    assert (data / "records.db").is_file()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def test_the_small_images_lock_is_the_locks_without_cuda_and_pytorch(tmp_path: Path) -> None:
    (pattern,) = re.findall(r"(/\^\(torch\|.*?)' requirements.lock >image.lock", DOCKERFILE, re.DOTALL)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    made = subprocess.run(
        ["awk", pattern.replace("\\\n", " "), "requirements.lock"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    names = set(re.findall(r"^([\w.-]+)==", made, re.MULTILINE))
    locked = set(
        re.findall(r"^([\w.-]+)==", (tmp_path / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {name for name in locked - names if not name.startswith(("nvidia-", "cuda-"))} == {
        "torch",
        "torchvision",
        "triton",
    }
    assert not [name for name in names if name.startswith(("nvidia-", "cuda-", "torch", "triton"))]
    assert made.count("--hash=") > 500
    assert not re.search(r"^[\w.-]+==[^\\\n]*$", made, re.MULTILINE), "every package keeps its hashes"
