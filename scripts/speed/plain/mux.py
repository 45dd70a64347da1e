"""The last stage of the plain loop: encoding again, with the sound."""

import shutil
import subprocess
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from contracts.errors import InternalError


class NoFfmpeg(InternalError):
    """There is no ffmpeg program."""


def ffmpeg() -> str:
    """The ffmpeg program: the one on the path, else the one that comes with imageio.

    Raises:
        NoFfmpeg: when there is none.
    """
    found = shutil.which("ffmpeg")
    if found:
        return found
    if find_spec("imageio_ffmpeg"):
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    raise NoFfmpeg("there is no ffmpeg program", remedy="Install ffmpeg; the plain loop ends by calling it.")


def encoded(pictures: Path, fps: float, out: Path) -> None:
    """Encode numbered pictures (a name with a "%08d") as H.264.

    Raises:
        CalledProcessError: when ffmpeg fails.
    """
    command = [ffmpeg(), "-y", "-loglevel", "error", "-r", str(fps), "-f", "image2", "-i", str(pictures)]
    coded = ["-vcodec", "libx264", "-vf", "format=yuv420p", "-crf", "18", str(out)]
    subprocess.run([*command, *coded], check=True, stdin=subprocess.DEVNULL)  # nosec B603 # files of our own


def muxed(silent: Path, voice: Path, out: Path) -> None:
    """Encode a video again as H.264, as ffmpeg does it by itself, beside a sound.

    Raises:
        CalledProcessError: when ffmpeg fails.
    """
    command = [ffmpeg(), "-y", "-loglevel", "error", "-i", str(voice), "-i", str(silent), "-strict", "-2", "-q:v", "1"]
    subprocess.run([*command, str(out)], check=True, stdin=subprocess.DEVNULL)  # nosec B603 # files of our own
