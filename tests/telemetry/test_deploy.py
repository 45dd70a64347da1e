"""The dashboard and the alert rules use every metric there is, and none that there is not."""

import json
import re
from pathlib import Path

import pytest
import yaml

from telemetry.catalogue import ALL, Kind, Metric
from tests.pages import ROOT

pytestmark = pytest.mark.unit

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "mouthpiece.json"
RULES = [rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
PANELS = [each for each in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] if each["type"] != "row"]
EXPRESSIONS = {f"alert {rule['alert']}": rule["expr"] for rule in RULES} | {
    f"panel {panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]
}

#: A metric with what selects of its series, and what they are summed by.
_USE = re.compile(r"\b((?:mouthpiece|temporal)_[a-z_]+)(?:\{([^}]*)\})?")
_BY = re.compile(r"\bby \(([^)]*)\)")
#: Labels that Prometheus itself adds, and a histogram's own.
_GIVEN = {"instance", "job", "le"}


def _exported() -> dict[str, Metric]:
    names = {}
    for metric in ALL:
        endings = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        names |= {metric.name + ending: metric for ending in endings}
    return names


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_metric_and_label_that_is_asked_for_is_exported(where: str) -> None:
    expression, exported = EXPRESSIONS[where], _exported()

    used = _USE.findall(expression)
    labels = {label for name, _ in used for label in exported[name].labels} | _GIVEN
    asked = {label for _, selected in used for label in re.findall(r"(\w+)\s*(?:=~|!=|=)", selected)}
    asked |= {label.strip() for by in _BY.findall(expression) for label in by.split(",")}
    assert used or "up{" in expression
    assert asked <= labels


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_every_metric_is_shown_or_alerts(metric: Metric) -> None:
    used = {name for expression in EXPRESSIONS.values() for name, _ in _USE.findall(expression)}

    assert {name for name, each in _exported().items() if each is metric} & used


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_it_is_what_to_do_and_where_to_read_on(rule: dict[str, dict[str, str]]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")

    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["action"].endswith(".")
    headings = re.findall(r"^#+ (.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_the_page_has_every_metric_as_it_is(metric: Metric) -> None:
    labels = ", ".join(metric.labels) or "-"
    row = f"| `{metric.name}` | {metric.kind} | {labels} | {metric.source} | {metric.help} |"

    assert row in (ROOT / "docs" / "observability.md").read_text(encoding="utf-8").splitlines()


def test_the_page_has_no_other_metric() -> None:
    page = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)` \| (?:counter|gauge|histogram) ", page, re.MULTILINE)) == {
        each.name for each in ALL
    }


def test_every_alert_has_been_tried_out() -> None:
    tried = (ROOT / "deploy" / "prometheus" / "alerts_test.yml").read_text(encoding="utf-8")

    assert [rule["alert"] for rule in RULES if f'alertname="{rule["alert"]}"' not in tried] == []


def test_panels_neither_overlap_nor_lack_a_title() -> None:
    taken = [
        (panel["gridPos"]["x"] + column, panel["gridPos"]["y"] + line)
        for panel in PANELS
        for column in range(panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert all(panel["title"] for panel in PANELS)
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_the_paths_in_the_configuration_are_there() -> None:
    configured = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))

    assert [name for name in configured["rule_files"] if not Path(ALERTS.parent / name).is_file()] == []
    assert {job["job_name"] for job in configured["scrape_configs"]} >= {"mouthpiece"}
