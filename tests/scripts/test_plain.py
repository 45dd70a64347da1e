"""Text of others on an operator's terminal."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.settings import Settings
from contracts.steps import Delivery
from scripts import table
from scripts.cli import cli
from scripts.plain import plain
from storage.deliveries import WebhookState
from storage.records import Records

pytestmark = pytest.mark.unit

#: Puts text into the clipboard, hides what comes after, and begins a line of its own.
COMMANDS = "\x1b]52;c;cm0gLXJm\x07\x9b8m\r\nroot"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (COMMANDS, r"\x1b]52;c;cm0gLXJm\x07\x9b8m\r\nroot"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("Grüße, 你好 🙂 \\n", "Grüße, 你好 🙂 \\n"),
    ],
)
def test_commands_to_a_terminal_are_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_cells_of_tables_are_plain() -> None:
    assert table.lines(("NAME", "PLAN"), [(COMMANDS, "free")])[1] == f"{plain(COMMANDS)}  free"


def test_what_a_receiver_answered_commands_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = Delivery(delivery_id="d1", job_id="j1", key_id="k1", url="https://example.com/hook", body="{}")
    records = Records(Settings(data_dir=tmp_path).data_dir / "records.db")
    records.deliveries.open(delivery, "2026-01-02T03:04:05Z")
    records.deliveries.log(delivery, "2026-01-02T03:04:05Z", 500, 8, COMMANDS, WebhookState.FAILED)
    records.close()

    shown = CliRunner().invoke(cli, ["webhooks", "show", "d1", "--data", str(tmp_path)], color=True).output

    assert plain(COMMANDS) in shown
    assert not {"\x1b", "\x07", "\x9b"} & set(shown)
