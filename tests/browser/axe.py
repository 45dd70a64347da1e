"""The accessibility scan: axe-core over the page as it stands."""

from dataclasses import dataclass
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

_SOURCE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
#: Impacts that no screen may have.
GRAVE = ("serious", "critical")
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that is broken, how badly, and where."""

    rule: str
    impact: str
    help: str
    places: tuple[str, ...]


def violations(page: Page) -> list[Violation]:
    """Everything that axe-core finds, by WCAG 2.2 A and AA and its own best practices."""
    # Evaluated by the debugger: the page's policy would refuse it as a script, and has to go on doing so.
    page.evaluate(_SOURCE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", _RULES
    )
    return [
        Violation(
            rule=each["id"],
            impact=each["impact"],
            help=each["help"],
            places=tuple(f"{node['html'][:200]}: {node['failureSummary']}" for node in each["nodes"]),
        )
        for each in found["violations"]
    ]


def grave(page: Page) -> list[Violation]:
    """What is serious or critical."""
    return [each for each in violations(page) if each.impact in GRAVE]
