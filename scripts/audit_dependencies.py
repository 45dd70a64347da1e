"""Looks up every locked package among the known vulnerabilities (pip-audit), and says so where that cannot be done.

usage: python -m scripts.audit_dependencies LOCK [OPTION OF PIP-AUDIT...]

Exits with 0 when none is known, 1 when one is, 3 when the service that knows them does not answer: a package index that
mirrors files alone has no such service, and pip-audit takes packages that it does not find there for sound.
"""

import json
import subprocess
import sys
import tempfile
from enum import IntEnum
from pathlib import Path
from typing import TypedDict


class Verdict(IntEnum):
    """How the program exits."""

    SOUND = 0
    VULNERABLE = 1
    UNCHECKED = 3


class Vulnerability(TypedDict):
    """One of a package's."""

    id: str
    fix_versions: list[str]


class Dependency(TypedDict, total=False):
    """A package as pip-audit reports it: with `vulns`, or with a `skip_reason`."""

    name: str
    version: str
    vulns: list[Vulnerability]
    skip_reason: str


def main(lock: Path, *options: str) -> Verdict:
    """Audit a lock file and tell what was found."""
    first = next(line for line in lock.read_text().splitlines() if "==" in line).removesuffix("\\").strip()
    # One question first: where nobody answers, the other hundreds are not asked.
    probed = _audit(f"{first}\n", "--no-deps", *options)
    if not _checked(probed):
        print(f"vulnerabilities could not be looked up: the index has none to tell of {first}")
        return Verdict.UNCHECKED
    found = _audit(lock.read_text(), "--require-hashes", *options)
    for line in (line for dependency in found for line in _lines(dependency)):
        print(line)
    if any(dependency.get("vulns") for dependency in found):
        return Verdict.VULNERABLE
    print(f"{len(_checked(found))} of {len(found)} packages looked up, nothing known against them")
    return Verdict.SOUND if found else Verdict.UNCHECKED


def _audit(requirements: str, *options: str) -> list[Dependency]:
    """What pip-audit reports; nothing when it gets no answer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text(requirements)
        wanted = ("--requirement", str(path), "--format", "json", "--progress-spinner", "off", *options)
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", *wanted]
        done = subprocess.run(command, capture_output=True, text=True)  # nosec B603 # a tool of this environment
    try:
        report: list[Dependency] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(done.stderr.strip()[-500:], file=sys.stderr)
        return []
    return report


def _checked(dependencies: list[Dependency]) -> list[Dependency]:
    return [each for each in dependencies if "vulns" in each]


def _lines(dependency: Dependency) -> list[str]:
    name = f"{dependency['name']} {dependency.get('version', '')}".strip()
    if "skip_reason" in dependency:
        return [f"{name}: not looked up: {dependency['skip_reason']}"]
    return [
        f"{name}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'no version yet'}"
        for each in dependency.get("vulns", [])
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
