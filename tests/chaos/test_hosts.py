"""The service over namespaces as hosts: the short form of `python -m scripts.hosts`, and the network it runs in."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.trial import children

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
JOBS = 8

#: Two hosts and a process that asks for each other's files, names and ports; says what it found.
LOOK = """
import json, subprocess, sys
from pathlib import Path
from scripts.hosts import network

LISTEN = "import socket; s = socket.create_server(('', 80)); print('listens', flush=True)\\nwhile True: s.accept()"
KNOCK = "import socket, sys; socket.create_connection((sys.argv[1], 80), 2)"

def knock(host, address):
    done = subprocess.run(host.command([sys.executable, "-c", KNOCK, address]), capture_output=True)
    return done.returncode == 0

network.leave()
with network.joined(["one", "two"], "own", Path(sys.argv[1])) as joined:
    one, two = joined.hosts.values()
    server = subprocess.Popen(one.command([sys.executable, "-c", LISTEN]), stdout=subprocess.PIPE)
    server.stdout.readline()
    seen = ["hostname; ls " + str(one.folder.parent)]
    found = {"two_sees": subprocess.check_output(two.command(["sh", "-c", *seen]), text=True).split()}
    found["by_cable"] = knock(two, one.address)
    found["by_loopback"] = knock(one, "127.0.0.1") or knock(one, one.address)
    joined.cut("one")
    found["while_cut"] = knock(two, one.address)
    joined.restore("one")
    found["restored"] = knock(two, one.address)
    found["loopback_bytes"] = joined.loopback_bytes()
    found["processes"] = joined.processes()
    print(json.dumps(found), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True, scope="module")
def namespaces() -> None:
    if os.geteuid() or not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        pytest.skip("no network namespaces without root, util-linux and iproute2")


def _looking(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", LOOK, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_hosts_reach_each_other_by_cable_alone_and_see_no_other_s_files(tmp_path: Path) -> None:
    with _looking(tmp_path) as looking:
        said, _ = looking.communicate(timeout=60)

    assert looking.returncode == 0
    assert json.loads(said) == {
        "two_sees": ["two", "two"],
        "by_cable": True,
        "by_loopback": False,
        "while_cut": False,
        "restored": True,
        "loopback_bytes": {"one": 0, "two": 0, "own": 0},
        "processes": {"one": 2, "two": 0},
    }


def test_nothing_of_it_outlives_a_kill(tmp_path: Path) -> None:
    with _looking(tmp_path) as looking:
        assert looking.stdout is not None
        assert looking.stdout.readline()
        networks = _networks_below(looking.pid)
        looking.kill()

    assert len(networks) == 4
    deadline = time.monotonic() + 60
    while (left := networks & _networks()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == set()


def test_without_the_right_to_it_the_command_says_what_it_needs(tmp_path: Path) -> None:
    powerless = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]

    ran = subprocess.run(
        [*powerless, sys.executable, "-m", "scripts.hosts"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert ran.returncode == 1
    assert "no network namespace can be made" in ran.stderr
    assert "as root" in ran.stderr


def test_a_worker_host_that_is_cut_off_loses_no_job_and_changes_no_output(tmp_path: Path) -> None:
    out = tmp_path / "hosts.json"
    command = [sys.executable, "-m", "scripts.hosts", "--jobs", str(JOBS), "--segment-s", "0.5", "--out", str(out)]

    ran = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = json.loads(out.read_text(encoding="utf-8"))
    assert [run["cut"] for run in result["runs"]] == ["none", "worker"]
    for run in result["runs"]:
        assert (run["accepted"], run["ended"], run["outputs_equal"]) == (JOBS, JOBS, JOBS)
        assert (run["lost"], run["doubled"], run["webhooks_missing"], run["webhooks_doubled"]) == (0, 0, 0, 0)
        assert all(run["link_bytes"].values())
    assert result["runs"][1]["host_cut"] != result["runs"][1]["taken_up_by"]


def _networks() -> set[str]:
    """Network namespaces in which any process is."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(os.readlink(place))
        except OSError:
            continue
    return found


def _networks_below(pid: int) -> set[str]:
    """Network namespaces of a process and of all that it has started."""
    found = set().union(*map(_networks_below, children(pid)))
    with suppress(OSError):
        found.add(os.readlink(f"/proc/{pid}/ns/net"))
    return found
