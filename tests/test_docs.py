"""Documents that follow the code: settings, commands, what the README points at, the sums of the samples."""

import hashlib
import re
from pathlib import Path

import click
import pytest

from contracts.settings import PREFIX, Settings
from scripts import cli_page
from scripts.cli import COMMANDS, cli
from scripts.cli_settings import document

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ALL_COMMANDS = list(cli_page.commands(cli, "mouthpiece"))


def test_the_settings_page_is_what_the_settings_are() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == document()


@pytest.mark.parametrize("row", Settings.table(), ids=lambda row: row[0])
def test_every_setting_says_what_it_means(row: tuple[str, str, object, str]) -> None:
    assert f"`{PREFIX}{row[0].upper()}`" in document()
    assert row[3].endswith(".")


def test_the_page_of_the_command_line_is_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == cli_page.document()


@pytest.mark.parametrize(("path", "command"), ALL_COMMANDS, ids=[path for path, _ in ALL_COMMANDS])
def test_every_command_says_what_it_does(path: str, command: click.Command) -> None:
    assert command.help


def test_no_command_hides_from_the_table() -> None:
    assert {path.split()[1] for path, _ in ALL_COMMANDS} == set(COMMANDS)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_the_readme_points_at_is_there(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^(scripts/\w+)", README, re.MULTILINE))))
def test_scripts_named_by_the_readme_can_be_run(command: str) -> None:
    assert (ROOT / command).stat().st_mode & 0o111


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "samples").iterdir() if path.suffix != ".md"))
def test_every_sample_is_the_one_whose_provenance_is_written_down(name: str) -> None:
    digest = hashlib.sha256((ROOT / "samples" / name).read_bytes()).hexdigest()

    assert f"`{name}`" in (page := (ROOT / "samples" / "PROVENANCE.md").read_text(encoding="utf-8"))
    assert digest in page
