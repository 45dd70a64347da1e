"""The pattern that the OpenAPI document gives for URLs promises nothing that is then refused."""

import re

import pytest
from hypothesis import given, settings
from hypothesis.strategies import from_regex

from api.fields import URL_PATTERN
from contracts.web_addresses import URL_LIMIT, AddressFault, read_url
from tests.hostile import cases

pytestmark = pytest.mark.unit


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(from_regex(URL_PATTERN))
def test_every_url_of_the_pattern_is_accepted(url: str) -> None:
    # "$" also matches before a line end, which the pattern's readers elsewhere do not allow.
    if len(url) <= URL_LIMIT and not url.endswith("\n"):
        read_url(url)


def test_no_badly_written_url_fits_the_pattern() -> None:
    for case in cases():
        if re.search(URL_PATTERN, case.url) and not case.url.endswith("\n"):
            try:
                read_url(case.url)
            except AddressFault as fault:
                pytest.fail(f"{case.url!r} fits the pattern, and {fault}")
