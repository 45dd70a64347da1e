"""The hosted products' pages against this service: the table of docs/api.md, and the pages' examples.

The pages are read from where they lie beside the checkout; the few tests that need them are left out where they do not.
"""

import ast
import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contracts.jobs import JobError, Status
from contracts.settings import Settings
from tests.api.bodies import ASYNC_PATH, DEV, GENERATE, IMAGE_PATH, RESULT_PATH, STUDIO, SUBMIT_PATH, Body
from tests.api.test_lipsync_studio import done
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
PRODUCTS = {"LipSync.dev": "API Documentation", "lipsync.studio": "Erzeuge"}

#: Lines that promise nothing: headings and words of welcome.
HEADINGS = {
    "LipSync.dev": {1, 3, 5, 7, 15, 73, 219, 221, 223},
    "lipsync.studio": {1, 6},
}


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    product: str
    lines: range
    snippets: tuple[str, ...]
    proofs: tuple[str, ...]


def _rows() -> list[Row]:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    section = page[page.index("## The hosted products' pages") :]
    found = []
    for product in PRODUCTS:
        part = section[section.index(f"### {product}\n") :].split("\n\n")[1]
        for line in part.splitlines()[2:]:
            lines, what, proofs = (cell.strip() for cell in line.strip("|").split(" | "))
            first, _, last = lines.partition("-")
            found.append(
                Row(product, range(int(first), int(last or first) + 1), _quoted(what), _quoted(proofs)),
            )
    return found


def _quoted(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


ROWS = _rows()


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def _page(product: str) -> str:
    if not SEEDS.is_dir():
        pytest.skip("the products' pages are not beside this checkout")
    texts = (path.read_text(encoding="utf-8") for path in SEEDS.glob("*.txt"))
    return next(text for text in texts if text.startswith(PRODUCTS[product]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.product}-{row.lines.start}")
def test_every_line_is_held_true_by_tests_that_exist(row: Row) -> None:
    assert row.proofs
    for proof in row.proofs:
        path, _, name = proof.partition("::")
        assert name in _tests_of(path), proof


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.product}-{row.lines.start}")
def test_every_line_says_what_the_table_quotes(row: Row) -> None:
    lines = _page(row.product).splitlines()
    text = "\n".join(lines[row.lines.start - 1 : row.lines.stop - 1])

    assert row.snippets
    assert [snippet for snippet in row.snippets if snippet not in text] == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_line_that_promises_something_is_left_out(product: str) -> None:
    lines = _page(product).splitlines()
    covered = {number for row in ROWS if row.product == product for number in row.lines} | HEADINGS[product]

    assert [(number, line) for number, line in enumerate(lines, 1) if line.strip() and number not in covered] == []


def _json(product: str, first: str, last: str = "\n}", after: str = "") -> dict[str, object]:
    """The JSON object of a page that begins with one text and ends with another; its comments are left out."""
    text = _page(product)
    text = text[text.index(after) :]
    begin = text.index(first)
    raw = text[begin : text.index(last, begin) + len(last)]
    found: dict[str, object] = json.loads(re.sub(r"\s//.*", "", raw))
    return found


def _shape(value: object) -> object:
    """The names and types of a JSON value, in order; numbers are of one type, and so is null of every type."""
    if isinstance(value, dict):
        return [(name, _shape(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    return type(value).__name__


def test_the_examples_that_tests_send_are_the_pages_own() -> None:
    primary = _json("LipSync.dev", '{\n  "srcVideoUrl"', after="Primary API Endpoints")
    alternative = _json("LipSync.dev", '{\n  "srcVideoUrl"')
    studio = _json("lipsync.studio", '{\n"webhook"', "\n}\n}")
    script = json.loads(re.sub(r"\s+", " ", _between_quotes("-d '")))

    assert primary == alternative == DEV
    assert script == GENERATE
    assert _shape(studio) == _shape(STUDIO)


def _between_quotes(start: str) -> str:
    return _page("LipSync.dev").split(start)[1].split("'")[0]


def submitted(client: FlaskClient, path: str, body: Body) -> dict[str, object]:
    answer: dict[str, object] = client.post(path, json=body).get_json()
    return answer


def test_a_submission_is_answered_as_the_page_shows(client: FlaskClient) -> None:
    page = _json("LipSync.dev", '{\n  "jobId": 123,\n  "status": "processing"')

    answer = submitted(client, SUBMIT_PATH, DEV)

    assert _shape(answer) == _shape(page)
    assert answer["status"] == page["status"]


def test_a_completed_job_is_answered_as_the_page_shows(client: FlaskClient, gateway: FakeGateway) -> None:
    page = _json("LipSync.dev", '{\n  "jobId": 123,\n  "status": "completed"')
    number = submitted(client, SUBMIT_PATH, DEV)["jobId"]
    (job_id,) = gateway.requests
    gateway.views[job_id] = replace(done(job_id), credits=38)

    answer = client.get(f"/api/v1/lipsync/status/{number}").get_json()

    assert _shape(answer) == _shape(page)
    assert answer["status"] == page["status"]


def test_a_finished_task_is_answered_as_the_page_shows(client: FlaskClient, gateway: FakeGateway) -> None:
    page = _json("LipSync.dev", '{\n  "code": 0', after="POST/api/getAsyncResult")
    envelope = submitted(client, ASYNC_PATH, DEV)
    (job_id,) = gateway.requests
    gateway.views[job_id] = done(job_id)

    answer = client.post(RESULT_PATH, json=envelope["data"]).get_json()

    assert _shape(answer) == _shape(page)
    assert answer["data"]["task"]["status"] == 3


def test_usage_is_answered_as_the_page_shows(client: FlaskClient) -> None:
    page = _json("LipSync.dev", '{\n  "current_period"')

    answer = client.get("/api/v1/usage").get_json()

    assert _shape({name: answer[name] for name in page}) == _shape(page)
    assert list(answer)[: len(page)] == list(page)


def test_the_plans_admit_what_the_page_promises() -> None:
    page = _page("LipSync.dev").splitlines()
    settings = Settings()

    promised = {
        page[at + 2]: int(line) for at, line in enumerate(page) if page[at + 1 : at + 2] == ["Requests per minute"]
    }

    assert promised == {
        "Free Plan": settings.requests_per_min_free,
        "Pro Plan": settings.requests_per_min_pro,
        "Enterprise Plan": settings.requests_per_min_enterprise,
    }


def test_an_order_is_answered_as_the_page_shows(client: FlaskClient) -> None:
    page = _json("lipsync.studio", "{", after="// Immediate Response:")

    answer = submitted(client, IMAGE_PATH, STUDIO)

    assert _shape(answer) == _shape(page)
    assert answer["status"] == page["status"]


@pytest.mark.parametrize(
    ("title", "status"),
    [
        ("// Response while processing:", Status.RUNNING),
        ("// Response when completed:", Status.SUCCEEDED),
        ("// Response if failed:", Status.FAILED),
    ],
)
def test_a_studio_job_is_answered_as_the_page_shows(
    client: FlaskClient, gateway: FakeGateway, title: str, status: Status
) -> None:
    page = _json("lipsync.studio", "{", after=title)
    job_id = str(submitted(client, IMAGE_PATH, STUDIO)["id"])
    error = JobError(code="unreadable_media", message="Invalid audio format") if status is Status.FAILED else None
    output = f"jobs/{job_id}/output.mp4" if status is Status.SUCCEEDED else ""
    gateway.views[job_id] = replace(done(job_id), status=status, error=error, output=output)

    answer = client.get(f"/api/v1/jobs/{job_id}").get_json()
    seven = {name: answer[name] for name in list(answer)[:7]}

    assert _shape(seven) == _shape(page)
    same = ("model", "status", "error", "executionTime", "timings")
    assert {name: seven[name] for name in same} == {name: page[name] for name in same}
