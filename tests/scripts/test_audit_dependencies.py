import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from scripts.audit_dependencies import Verdict, main
from tests.activities.http_server import serving, status

pytestmark = pytest.mark.unit

LOCK = f"flask==3.1.2 \\\n    --hash=sha256:{'0' * 64}\njinja2==3.1.2 \\\n    --hash=sha256:{'1' * 64}\n"
FLAW = {
    "id": "GHSA-0000-0000-0000",
    "summary": "It lets others in.",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.6"}]}],
            "versions": ["3.1.2"],
        }
    ],
}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return path


def _audit(lock: Path, flaws: dict[str, list[object]]) -> Verdict:
    """Ask a service of vulnerabilities that answers as OSV does."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        name = json.loads(site.received[-1].body)["package"]["name"]
        status(200, {}, json.dumps({"vulns": flaws.get(name, [])}).encode())(handler)

    with serving({"/v1/query": answer}) as site:
        return main(lock, "--vulnerability-service", "osv", "--osv-url", f"{site.url}/v1/query")


def test_a_known_vulnerability_fails_and_is_named(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _audit(lock, {"jinja2": [FLAW]}) is Verdict.VULNERABLE

    assert "jinja2 3.1.2: GHSA-0000-0000-0000, mended in 3.1.6" in capsys.readouterr().out


def test_packages_against_which_nothing_is_known_pass(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _audit(lock, {}) is Verdict.SOUND

    assert "2 of 2 packages looked up" in capsys.readouterr().out


def test_a_service_that_does_not_answer_is_no_clean_bill(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving({}) as site:
        pass

    url = f"{site.url}/v1/query"
    assert main(lock, "--vulnerability-service", "osv", "--osv-url", url) is Verdict.UNCHECKED

    assert "could not be looked up" in capsys.readouterr().out
