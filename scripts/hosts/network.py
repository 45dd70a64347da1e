"""Hosts that are namespaces of this machine, each with one cable to a switch.

Nothing here has a name outside: a namespace lives for as long as a process holds it, and its holder is bound to this
process, so that everything is gone with it, killed or not.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from contracts.errors import InternalError
from scripts.supervise import bound

#: Nobody outside is ever asked for it: these networks are joined to no other.
NETWORK = "10.88.0"

_CLONE_NEWNET = 0x40000000
#: Name of the one interface that a host has beside `lo`.
_INTERFACE = "cable"
_REMEDY = (
    "Run this as root on Linux, in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN, with iproute2 and util-linux."
)
#: Takes a name, an own folder and the folder it lies in: of all that lies there, the host sees its own alone.
_BECOME_HOST = """
set -e
hostname "$1"
mount --bind "$2" /mnt
mount -t tmpfs none "$3"
mkdir "$2"
mount --move /mnt "$2"
echo ready
exec sleep infinity
"""
_HOLD = "echo ready; exec sleep infinity"
#: `unshare` and what it runs.
_HOLDERS = 2


class Unfit(InternalError):
    """This machine makes no namespaces, or a part of the service does not come up in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host: its name, its address, its folder, and the process that holds it, as seen from outside."""

    name: str
    address: str
    folder: Path
    pid: int

    def command(self, words: Sequence[str]) -> list[str]:
        """A command that runs the words on this host."""
        return [*_inside(self.pid, "--net", "--uts", "--pid", "--mount"), *words]


@dataclass(slots=True)
class Network:
    """Hosts on one switch.

    Attributes:
        hosts: those that were plugged in, by name.
        own: where this process is on the network, by name and address.
        before: bytes that this process had sent to itself before it was plugged in.
    """

    switch: int
    hosts: dict[str, Host] = field(default_factory=dict)
    own: tuple[str, str] = ("", "")
    before: int = 0

    def cut(self, name: str) -> None:
        """Pull a host's cable out of the switch; what was on its way is lost, and nobody is told."""
        _ip(self.switch, f"link set {name} down")

    def restore(self, name: str) -> None:
        """Put the cable back."""
        _ip(self.switch, f"link set {name} up")

    def link_bytes(self) -> dict[str, int]:
        """Bytes that passed each cable, in both directions, by host."""
        counted = _counters(self.switch)
        return {name: counted.get(name, 0) for name in (*self.hosts, self.own[0])}

    def loopback_bytes(self) -> dict[str, int]:
        """Bytes that each host sent to itself."""
        counted = {name: _loopback(host.pid) for name, host in self.hosts.items()}
        return counted | {self.own[0]: _loopback(os.getpid()) - self.before}

    def processes(self) -> dict[str, int]:
        """How many processes run in each host's network, those that hold it left out, by host."""
        found = [_net_of(int(place.name)) for place in Path("/proc").glob("[0-9]*")]
        return {name: found.count(_net_of(host.pid)) - _HOLDERS for name, host in self.hosts.items()}


def require() -> None:
    """Make sure that this process may make networks, and change nothing.

    Raises:
        Unfit: when that is not permitted.
    """
    probe = ["unshare", "--net", "true"]
    try:
        asked = subprocess.run(probe, capture_output=True, text=True, check=False)  # nosec B603 # a fixed command
    except FileNotFoundError as fault:
        raise Unfit("no network namespace can be made: there is no `unshare`", remedy=_REMEDY) from fault
    if asked.returncode:
        raise Unfit(f"no network namespace can be made: {asked.stderr.strip()}", remedy=_REMEDY)


def leave() -> None:
    """Take this process out of the machine's network, into one of its own without any cable; before it has threads.

    Raises:
        Unfit: when that is not permitted.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare") or libc.unshare(_CLONE_NEWNET):
        raise Unfit(f"no network namespace can be made: {os.strerror(ctypes.get_errno())}", remedy=_REMEDY)


@contextmanager
def joined(names: Sequence[str], own: str, folder: Path, with_loopback: Sequence[str] = ()) -> Iterator[Network]:
    """Plug hosts, and this process, into a switch until the block ends. To be used after `leave`, by the main thread.

    Args:
        names: of the hosts; they get the addresses from .1 on.
        own: this process's name on the network; it gets the address after theirs.
        folder: each host sees its own folder in it, and no other's.
        with_loopback: hosts whose programs talk to themselves. On all others no process reaches another but by cable.

    Raises:
        Unfit: when that is not permitted.
    """
    with ExitStack() as stack:
        try:
            switch = stack.enter_context(_held(["--net"], ["sh", "-c", _HOLD]))
            network = Network(switch=switch, before=_loopback(os.getpid()))
            _ip(network.switch, "link add switch type bridge")
            _ip(network.switch, "link set switch up")
            for number, name in enumerate(names, 1):
                network.hosts[name] = host = _host(stack, name, f"{NETWORK}.{number}", folder)
                _plug_in(network, host.pid, name, host.address)
            for name in with_loopback:
                _ip(network.hosts[name].pid, "link set lo up")
            network.own = own, f"{NETWORK}.{len(names) + 1}"
            _plug_in(network, os.getpid(), *network.own)
        except (OSError, subprocess.CalledProcessError) as fault:
            said = getattr(fault, "stderr", "") or fault
            raise Unfit(f"no network of namespaces can be made: {said}", remedy=_REMEDY) from fault
        yield network


def set_loopback(is_up: bool) -> None:
    """Let this process reach itself, or not."""
    _ip(os.getpid(), f"link set lo {'up' if is_up else 'down'}")


def _host(stack: ExitStack, name: str, address: str, parent: Path) -> Host:
    (folder := parent / name).mkdir()
    flags = ["--net", "--uts", "--pid", "--mount", "--mount-proc"]
    words = ["sh", "-c", _BECOME_HOST, "sh", name, str(folder), str(parent)]
    return Host(name=name, address=address, folder=folder, pid=stack.enter_context(_held(flags, words)))


@contextmanager
def _held(flags: Sequence[str], words: Sequence[str]) -> Iterator[int]:
    """Run a holder in new namespaces; yields its process id."""
    command = bound(["unshare", *flags, "--fork", "--kill-child=KILL", "--", *words])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # nosec B603
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                process.kill()
                raise OSError(process.stderr.read().strip() if process.stderr else "unshare failed")
            yield int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        finally:
            process.kill()


def _plug_in(network: Network, pid: int, name: str, address: str) -> None:
    _ip(pid, f"link add {_INTERFACE} type veth peer name {name} netns {network.switch}")
    _ip(pid, f"addr add {address}/24 dev {_INTERFACE}")
    _ip(pid, f"link set {_INTERFACE} up")
    _ip(network.switch, f"link set {name} master switch up")


def _inside(pid: int, *namespaces: str) -> list[str]:
    return ["nsenter", "--target", str(pid), *namespaces, "--"]


def _ip(pid: int, words: str) -> None:
    command = [*_inside(pid, "--net"), "ip", *words.split()]
    subprocess.run(command, check=True, capture_output=True, text=True)  # nosec B603 # our own words, without a shell


def _net_of(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""  # It has gone.


def _loopback(pid: int) -> int:
    return _counters(pid)["lo"]


def _counters(pid: int) -> dict[str, int]:
    """Bytes received and sent by each interface of a process's network."""
    lines = Path(f"/proc/{pid}/net/dev").read_text(encoding="ascii").splitlines()[2:]
    rows = {name.strip(): numbers.split() for name, _, numbers in (line.partition(":") for line in lines)}
    return {name: int(numbers[0]) + int(numbers[8]) for name, numbers in rows.items()}
