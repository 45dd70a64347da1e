"""Tries every hostile URL with the service's own client in the small internet, and writes what came of it.

usage: unshare --net --mount sh -c "ip link set lo up; exec python -m tests.hostile.attempts OUT"

The loopback device has to be up before Python starts: libraries look once whether there is IPv6.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from activities.exchange import exchange
from activities.fetching import Limits, download
from contracts.allow_list import AllowList, read_allow_list
from contracts.errors import MouthpieceError
from tests.hostile import cases, names
from tests.hostile.lab import Lab, start

_CLOSED = AllowList()
_OPEN = read_allow_list("0.0.0.0/0,::/0")
_LIMITS = Limits(size_bytes=1000, total_s=5)

Outcome = dict[str, object]


def main(out: Path) -> None:
    """Try them all."""
    lab = start(names(), out.parent)
    lab.redirects = {str(number): case.url for number, case in enumerate(cases())}
    found: dict[str, list[Outcome]] = {"input": [], "webhook": [], "redirect": [], "unguarded": []}
    for number, case in enumerate(cases()):
        found["input"].append(_attempt(lab, partial(_fetch, case.url)))
        found["webhook"].append(_attempt(lab, partial(_post, case.url)))
        found["redirect"].append(_attempt(lab, partial(_fetch, f"http://site.test/?to={number}")))
        if case.verdict == "private":
            found["unguarded"].append(_attempt(lab, partial(_fetch, case.url, _OPEN)))
    lab.redirects["turn"] = "http://turning.test/"
    found["rebinding"] = [_attempt(lab, partial(_fetch, "http://rebinding.test/"))]
    found["turning"] = [_attempt(lab, partial(_fetch, "http://turning.test/?to=turn"))]
    found["by_name"] = [
        _attempt(lab, partial(_fetch, "http://router.lan.test/", read_allow_list("router.lan.test:80"))),
        _attempt(lab, partial(_fetch, "http://router.lan.test:8080/", read_allow_list("router.lan.test:80"))),
        _attempt(lab, partial(_fetch, "http://metadata.test/", read_allow_list("metadata.test,*.test"))),
        _attempt(lab, partial(_fetch, "http://linklocal6.test/", read_allow_list("*.test"))),
    ]
    asked = {f"{name} {kind}": count for (name, kind), count in lab.dns.asked.items()}
    out.write_text(json.dumps({**found, "asked": asked}))


def _attempt(lab: Lab, act: Callable[[], None]) -> Outcome:
    lab.sent()
    lab.received.clear()
    code, message = "", ""
    try:
        act()
    except MouthpieceError as fault:
        code, message = str(fault.code), str(fault)
    except Exception as fault:
        code, message = f"crash: {type(fault).__name__}", str(fault)
    return {
        "code": code,
        "message": message,
        "sent": [asdict(packet) for packet in lab.sent()],
        "received": list(lab.received),
    }


def _fetch(url: str, allow: AllowList = _CLOSED) -> None:
    with tempfile.TemporaryDirectory() as folder:
        download(url, Path(folder) / "file", "audio", allow, _LIMITS, lambda fraction: None)


def _post(url: str) -> None:
    with exchange("POST", url, "webhook", _CLOSED, body=b"FLUSHALL\r\n", answer_s=2, body_s=2) as answer:
        answer.raw.read1(10)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
