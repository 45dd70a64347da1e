"""The commands that the operators' pages tell to run, and a shell that runs them as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.temporal_server import binary

ROOT = Path(__file__).resolve().parents[1]
PAGES = tuple(
    ROOT / "docs" / name
    for name in ("operations.md", "security.md", "changing-workflows.md", "observability.md", "scale.md")
)

_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"(^|\s+)#\s.*$")
#: What inline code is a command: a program with its words, or a script of ours.
_COMMAND = re.compile(r"(mouthpiece|temporal|python|git|kill|wait|export) \S.*|scripts/\w+")


@cache
def blocks() -> tuple[tuple[str, ...], ...]:
    """Every block of shell code, as its commands without comments."""
    found = []
    for page in PAGES:
        for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            lines = [_COMMENT.sub("", line.strip()) for line in text.splitlines()]
            if language == "sh":
                found.append(tuple(line for line in lines if line))
            elif language == "ini":
                found += [(line.partition("=")[2],) for line in lines if line.startswith("ExecStart=")]
    return tuple(found)


@cache
def inline() -> frozenset[str]:
    """Every piece of code inside of the text."""
    return frozenset(
        code for page in PAGES for code in re.findall(r"`([^`\n]+)`", _BLOCK.sub("", page.read_text(encoding="utf-8")))
    )


@cache
def commands() -> frozenset[str]:
    """Every command of the pages."""
    return frozenset(line for block in blocks() for line in block) | {
        code for code in inline() if _COMMAND.fullmatch(code)
    }


def block_of(first: str) -> tuple[str, ...]:
    """The block that begins with this command."""
    return next(block for block in blocks() if block[0] == first)


@dataclass
class Shell:
    """Runs commands of the pages, with names of the pages replaced by those of the test.

    Attributes:
        folder: where they run; `bin` in it has the programs.
        environ: settings on top of this process's environment.
    """

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.folder / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        for name, words in {"mouthpiece": "-m scripts.cli ", "python": ""}.items():
            (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n', encoding="utf-8")
            (programs / name).chmod(0o755)
        (programs / "temporal").symlink_to(binary("temporal"))

    def run(self, command: str, replaced: Mapping[str, str] | None = None, *, code: int = 0) -> str:
        """Run one command of the pages and return what it prints; it has to end with `code`."""
        assert command in commands(), f"no page has this command: {command}"
        return self._bash(command, replaced or {}, code)

    def block(self, first: str, replaced: Mapping[str, str] | None = None) -> str:
        """Run the block that begins with this command, as one script."""
        return self._bash("\n".join(block_of(first)), replaced or {}, 0)

    def start(self, first: str, replaced: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Begin with such a block, and leave its background commands running in a process group of their own."""
        text = _filled("\n".join(block_of(first)), replaced or {}) + "\necho done\nwait"
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _bash(self, text: str, replaced: Mapping[str, str], code: int) -> str:
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", _filled(text, replaced)],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=540,
            check=False,
        )
        assert ran.returncode == code, ran.stdout
        return ran.stdout

    def _environment(self) -> dict[str, str]:
        paths = [str(ROOT), *filter(None, [self.environ.get("PYTHONPATH")])]
        return {
            **os.environ,
            **self.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(paths),
        }


def _filled(text: str, replaced: Mapping[str, str]) -> str:
    for name, value in replaced.items():
        assert name in text, f"{name!r} is not in {text!r}"
        text = text.replace(name, value)
    return text
