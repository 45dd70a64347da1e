"""The lines that `mouthpiece up` writes."""

import json

import click
import pytest

from scripts.console import Console

pytestmark = pytest.mark.unit


def test_json_lines_have_no_colours_and_none_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(("up",), "json")

    console.log("up", f"Page {click.style('http://127.0.0.1:8080/', bold=True)}")
    console.log("up", " ")

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == [
        "Page http://127.0.0.1:8080/"
    ]
