"""A name server over UDP (RFC 1035) that answers as told, and differently each time if told so."""

import ipaddress
import socket
import struct
import threading
from collections import Counter

A, CNAME, AAAA = 1, 5, 28
_FAILED, _UNKNOWN = 2, 3
_QUESTION_AT = 12


class DnsServer:
    """Answers on a bound socket until it is closed.

    Args:
        sock: where questions come in.
        names: each name's rounds of answers: addresses, `CNAME name`, `SERVFAIL` or `SILENCE`.
    """

    def __init__(self, sock: socket.socket, names: dict[str, list[list[str]]]) -> None:
        self._sock = sock
        self._names = names
        #: How often each name was asked for, by type.
        self.asked: Counter[tuple[str, int]] = Counter()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, sender = self._sock.recvfrom(2048)
            answer = self._answer(question)
            if answer:
                self._sock.sendto(answer, sender)

    def _answer(self, question: bytes) -> bytes | None:
        name, end = _name(question)
        kind = int(struct.unpack_from(">H", question, end)[0])
        rounds = self._names.get(name)
        answers = rounds[min(self.asked[name, kind], len(rounds) - 1)] if rounds else []
        self.asked[name, kind] += 1
        if "SILENCE" in answers:
            return None
        fault = _FAILED if "SERVFAIL" in answers else 0 if rounds else _UNKNOWN
        records = [] if fault else self._records(b"\xc0\x0c", kind, answers)
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | fault, 1, len(records), 0, 0)
        return head + question[_QUESTION_AT : end + 4] + b"".join(records)

    def _records(self, owner: bytes, kind: int, answers: list[str]) -> list[bytes]:
        """All that there is of a type. Time to live is 0: nothing may be remembered."""
        found: list[bytes] = []
        for answer in answers:
            if answer.startswith("CNAME "):
                target = answer.removeprefix("CNAME ")
                data = b"".join(bytes([len(part)]) + part.encode() for part in target.split(".")) + b"\0"
                found.append(owner + struct.pack(">HHIH", CNAME, 1, 0, len(data)) + data)
                found += self._records(data, kind, self._names[target][0])
                continue
            address = ipaddress.ip_address(answer)
            if kind == (A if address.version == 4 else AAAA):
                found.append(owner + struct.pack(">HHIH", kind, 1, 0, len(address.packed)) + address.packed)
        return found


def _name(question: bytes) -> tuple[str, int]:
    """The name that is asked for, and where it ends."""
    parts, at = [], _QUESTION_AT
    while length := question[at]:
        parts.append(question[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(parts).lower(), at + 1
