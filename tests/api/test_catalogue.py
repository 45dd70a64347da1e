"""The public catalogue of errors."""

import pytest
from flask.testing import FlaskClient

from api.error_table import STATUSES
from contracts.error_catalogue import CATALOGUE
from contracts.errors import RETRYABLE, ErrorCode

pytestmark = pytest.mark.unit


def test_every_code_has_a_meaning() -> None:
    assert set(CATALOGUE) == set(ErrorCode)


def test_no_two_codes_share_a_title() -> None:
    assert len({meaning.title for meaning in CATALOGUE.values()}) == len(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
def test_every_meaning_and_remedy_is_a_sentence(code: ErrorCode) -> None:
    meaning = CATALOGUE[code]

    assert not meaning.title.endswith(".")
    assert meaning.meaning.endswith(".")
    assert meaning.remedy.endswith(".")


def test_the_list_holds_every_code_and_needs_no_key(anyone: FlaskClient) -> None:
    answer = anyone.get("/api/v1/errors")

    assert answer.status_code == 200
    assert [entry["code"] for entry in answer.get_json()["errors"]] == [code.value for code in ErrorCode]


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_a_page_that_its_problems_lead_to(anyone: FlaskClient, code: ErrorCode) -> None:
    entry = anyone.get(f"/api/v1/errors/{code}").get_json()

    assert entry["type"] == f"http://127.0.0.1:8080/api/v1/errors/{code}"
    assert (entry["http_status"], entry["retryable"]) == (STATUSES[code], code in RETRYABLE)
    assert entry["async_code"] // 100 == entry["http_status"]
    assert entry["title"] == CATALOGUE[code].title


def test_a_code_that_does_not_exist_has_no_page(anyone: FlaskClient) -> None:
    assert anyone.get("/api/v1/errors/nothing").status_code == 404


def test_only_what_passes_is_retryable() -> None:
    assert {
        ErrorCode.FETCH_TIMEOUT,
        ErrorCode.STORAGE_BUSY,
        ErrorCode.ENGINE_MEMORY,
        ErrorCode.UNAVAILABLE,
        ErrorCode.RATE_LIMITED,
        ErrorCode.IDEMPOTENCY_IN_FLIGHT,
    } == RETRYABLE
