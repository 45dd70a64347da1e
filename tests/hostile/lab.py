"""A small internet inside two network namespaces: nothing that is sent in it can leave it.

The program runs in the first. Its only way out leads to the second, the world, which takes every address there is for
its own, answers on the usual ports and is the name server. A tap sees each packet that the program's side sends, to
its own loopback too. Has to be started as `unshare --net --mount`, since it mounts its own resolver's files.
"""

import ctypes
import ipaddress
import os
import socket
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.hostile.dns_server import DnsServer

#: The name server, and the program's own public addresses.
WORLD, OWN, OWN_V6 = "192.0.2.53", "93.184.216.99", "2600:99::1"
PORTS = (80, 443, 8080)

_CLONE_NEWNET = 0x40000000
_ETH_ALL, _ETH_IPV4, _ETH_IPV6 = 3, 0x0800, 0x86DD
_TCP, _UDP = 6, 17
_SYN, _SYN_ACK = 0x02, 0x12
_FILES = {
    "/etc/resolv.conf": f"nameserver {WORLD}\noptions timeout:3 attempts:1\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n10.1.2.3 intranet\n",
}


@dataclass(frozen=True, slots=True)
class Packet:
    """Where one was sent."""

    address: str
    port: int


@dataclass
class Lab:
    """What runs, and what it saw."""

    dns: DnsServer
    tap: socket.socket
    #: (local address, Host header, path) of each request that reached a server.
    received: list[tuple[str, str, str]] = field(default_factory=list)
    #: Where the paths `/to?NUMBER` redirect.
    redirects: dict[str, str] = field(default_factory=dict)

    def sent(self) -> list[Packet]:
        """Each UDP packet and each TCP connection's first since the last call, but for questions to the name server."""
        found: list[Packet] = []
        while True:
            try:
                data, (_, protocol, direction, *_) = self.tap.recvfrom(65536)
            except BlockingIOError:
                return found
            packet = _packet(data, protocol) if direction == socket.PACKET_OUTGOING else None
            if packet and packet != Packet(WORLD, 53):
                found.append(packet)


def start(names: dict[str, list[list[str]]], folder: Path) -> Lab:
    """Set everything up in the namespaces that this process was started in, with its files in a folder."""
    for path, text in _FILES.items():
        _mount(folder, path, text)
    sockets = _World(os.getpid()).sockets()
    for command in (
        "link set inside up",
        "addr add 192.0.2.2/24 dev inside",
        f"addr add {OWN}/32 dev inside",
        "addr add 2600:98::2/64 dev inside nodad",
        f"addr add {OWN_V6}/128 dev inside nodad",
        f"route add default via {WORLD} src 192.0.2.2",
        "-6 route add default via 2600:98::1 src 2600:98::2",
    ):
        _ip(command)
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_ALL))
    tap.setblocking(False)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    lab = Lab(dns=DnsServer(sockets.pop(), names), tap=tap)
    for each in (*sockets, *_listeners()):
        _serve(each, lab)
    return lab


class _World(threading.Thread):
    """Opens sockets in a namespace of its own; they stay there whoever uses them."""

    def __init__(self, program: int) -> None:
        super().__init__()
        self._program = program
        self._sockets: list[socket.socket] = []

    def sockets(self) -> list[socket.socket]:
        """Listening ones, then the name server's."""
        self.start()
        self.join()
        if not self._sockets:
            raise RuntimeError("the world could not be set up")
        return self._sockets

    def run(self) -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        for command in (
            "link set lo up",
            f"link add outside type veth peer name inside netns {self._program}",
            "link set outside up",
            f"addr add {WORLD}/24 dev outside",
            "addr add 2600:98::1/64 dev outside nodad",
            "route add local 0.0.0.0/0 dev lo",
            "-6 route add local ::/0 dev lo",
            # Looked up in the same table, and closer: the way back.
            "-6 route add 2600:98::/64 dev outside table local",
        ):
            _ip(command)
        sockets = _listeners()
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sockets[-1].bind((WORLD, 53))
        self._sockets = sockets


def _listeners() -> list[socket.socket]:
    """Sockets on the usual ports of every address of the calling thread's namespace."""
    return [
        socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128) for port in PORTS
    ]


def _serve(listening: socket.socket, lab: Lab) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            local = ipaddress.ip_address(self.connection.getsockname()[0])
            mapped = getattr(local, "ipv4_mapped", None) or local
            lab.received.append((str(mapped), str(self.headers.get("Host")), self.path))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            _answer(self, lab.redirects, self.headers)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _answer(handler: BaseHTTPRequestHandler, redirects: Mapping[str, str], _headers: Message) -> None:
    number = next(iter(parse_qs(urlsplit(handler.path).query).get("to", [])), "")
    location = redirects.get(number)
    head = "200 OK\r\n" if location is None else f"302 Found\r\nLocation: {location}\r\n"
    handler.wfile.write(f"HTTP/1.1 {head}Content-Length: 2\r\nConnection: close\r\n\r\nok".encode())
    handler.close_connection = True


def _packet(data: bytes, protocol: int) -> Packet | None:
    if protocol == _ETH_IPV4 and _begins(data[9], data[(at := (data[0] & 15) * 4) :]):
        return Packet(str(ipaddress.ip_address(data[16:20])), int.from_bytes(data[at + 2 : at + 4]))
    if protocol == _ETH_IPV6 and _begins(data[6], data[40:]):
        return Packet(str(ipaddress.ip_address(data[24:40])), int.from_bytes(data[42:44]))
    return None


def _begins(protocol: int, data: bytes) -> bool:
    """Whether it begins something; those that end a TCP connection may come after its program has moved on."""
    return protocol == _UDP or (protocol == _TCP and data[13] & _SYN_ACK == _SYN)


def _mount(folder: Path, path: str, text: str) -> None:
    own = folder / Path(path).name
    own.write_text(text)
    subprocess.run(["mount", "--bind", str(own), path], check=True)


def _ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)
