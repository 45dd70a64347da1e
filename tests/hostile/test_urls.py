"""Every hostile URL, through the client of inputs and webhooks, in an internet where each packet is seen."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import pytest

from tests.hostile import LEADING, SITE, WRITING, Case, cases

pytestmark = pytest.mark.unit

#: `site.test`, as it is resolved in the lab.
SITE_ADDRESSES = {"93.184.215.14", "2600:14::1"}
ROOT = Path(__file__).parents[2]


class Sent(TypedDict):
    address: str
    port: int


class Outcome(TypedDict):
    code: str
    message: str
    sent: list[Sent]
    received: list[tuple[str, str, str]]


class Tried(TypedDict):
    input: list[Outcome]
    webhook: list[Outcome]
    redirect: list[Outcome]
    unguarded: list[Outcome]
    rebinding: list[Outcome]
    turning: list[Outcome]
    by_name: list[Outcome]
    asked: dict[str, int]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """What came of each URL. One run serves all tests."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("needs util-linux and iproute2, for namespaces")
    isolate = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", "--mount"]
    if subprocess.run([*isolate, "true"], capture_output=True).returncode:
        pytest.skip("this system gives out no network namespaces")
    out = tmp_path_factory.mktemp("hostile") / "tried.json"
    program = f'ip link set lo up && exec "{sys.executable}" -m tests.hostile.attempts "{out}"'
    subprocess.run([*isolate, "--propagation", "private", "sh", "-c", program], cwd=ROOT, check=True, timeout=110)
    found: Tried = json.loads(out.read_text())
    return found


def _addresses(outcome: Outcome) -> set[str]:
    return {packet["address"] for packet in outcome["sent"]}


def _expected(case: Case) -> tuple[str, str]:
    if case.verdict in WRITING:
        return "fetch_refused", WRITING[case.verdict]
    return LEADING[case.verdict]


def test_the_corpus_is_large_and_each_case_is_there_once() -> None:
    urls = [case.url for case in cases()]

    assert len(urls) >= 300
    assert len(set(urls)) == len(urls)
    assert {case.verdict for case in cases()} == {*WRITING, *LEADING, SITE}


def test_every_hostile_url_is_refused_with_its_reason_and_nothing_is_sent(tried: Tried) -> None:
    for way in (tried["input"], tried["webhook"]):
        for case, outcome in zip(cases(), way, strict=True):
            if case.verdict == SITE:
                continue
            code, words = _expected(case)
            assert outcome["code"] == code, case
            assert words in outcome["message"], case
            assert outcome["sent"] == [], case
            assert outcome["received"] == [], case


def test_what_only_looks_as_if_it_led_elsewhere_goes_where_the_url_says(tried: Tried) -> None:
    for case, outcome in zip(cases(), tried["input"], strict=True):
        if case.verdict == SITE:
            assert (outcome["code"], outcome["message"]) == ("", ""), case
            assert _addresses(outcome) <= SITE_ADDRESSES, case
            assert len(outcome["received"]) == 1, case


def test_a_redirect_to_any_of_them_reaches_nothing_but_the_site_that_sent_it(tried: Tried) -> None:
    for case, outcome in zip(cases(), tried["redirect"], strict=True):
        assert _addresses(outcome) <= SITE_ADDRESSES, case
        assert not outcome["code"].startswith("crash"), (case, outcome)
        if case.is_written_well and case.verdict != SITE:
            # Names in other scripts are refused for being coded: a redirect has to write them in ASCII (RFC 3986).
            assert outcome["code"] in ("fetch_refused", _expected(case)[0]), case


def test_without_the_guard_the_private_ones_would_have_been_reached(tried: Tried) -> None:
    heard = [bool(outcome["sent"]) for outcome in tried["unguarded"]]
    served = [bool(outcome["received"]) for outcome in tried["unguarded"]]

    # Multicast, broadcast and addresses of a link that is not named cannot be connected to at all.
    assert sum(heard) >= 85
    assert sum(served) >= 80


def test_a_name_that_changes_its_address_after_the_check_is_asked_for_once(tried: Tried) -> None:
    (outcome,) = tried["rebinding"]

    assert outcome["code"] == ""
    assert _addresses(outcome) == {"93.184.215.14"}
    assert (tried["asked"]["rebinding.test 1"], tried["asked"]["rebinding.test 28"]) == (1, 1)


def test_a_name_that_changes_its_address_before_a_redirect_to_itself_is_refused(tried: Tried) -> None:
    (outcome,) = tried["turning"]

    assert outcome["message"] == "audio: the address of turning.test is not a public one"
    assert _addresses(outcome) == {"93.184.215.14"}
    assert tried["asked"]["turning.test 1"] == 2


def test_a_host_that_the_operator_lists_with_a_port_is_open_on_that_port_alone(tried: Tried) -> None:
    listed, other, *_ = tried["by_name"]

    assert _addresses(listed) == {"192.168.0.1"}
    assert (other["code"], other["sent"]) == ("fetch_refused", [])


def test_a_name_that_the_operator_lists_opens_no_metadata_address(tried: Tried) -> None:
    _, _, metadata, link_local = tried["by_name"]

    for outcome in (metadata, link_local):
        assert (outcome["code"], outcome["sent"]) == ("fetch_refused", [])
