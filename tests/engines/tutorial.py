"""The package that docs/engines.md builds."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PAGE = ROOT / "docs" / "engines.md"
_FILE = re.compile(r"^`(flap/[\w.]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def write_package(folder: Path) -> Path:
    """Write the files that the page shows, below a folder; returns the package's."""
    for name, text in _FILE.findall(_PAGE.read_text(encoding="utf-8")):
        (path := folder / name).parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "flap"


def commands() -> list[str]:
    """The commands that the page gives for it, in order."""
    page = _PAGE.read_text(encoding="utf-8")
    tutorial = page[page.index("## Writing one") : page.index("## Faults")]
    return [line for block in _SHELL.findall(tutorial) for line in block.splitlines()]
