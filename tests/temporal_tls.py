"""TLS in front of a Temporal server: certificates for tests, a proxy that ends TLS, a server that wants an API key."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _SETTINGS, _PING = 1, 4, 6
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Files of a certificate and its key, in PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates.

    Args:
        folder: for the files.
        name: of the authority.
    """

    folder: Path
    name: str
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def certificate(self) -> Path:
        """Its own certificate."""
        return self._sign(self.name, self._key, 30, is_authority=True).certificate

    def issue(self, name: str, days: int = 1) -> Pair:
        """Sign a certificate for 127.0.0.1, which ends after some days; or has ended, when they are less than 0."""
        return self._sign(name, ec.generate_private_key(ec.SECP256R1()), days, is_authority=False)

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, days: int, is_authority: bool) -> Pair:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(LOOPBACK))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pair = Pair(certificate=self.folder / f"{name}.pem", key=self.folder / f"{name}.key")
        pair.certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def context(server: Pair, clients_of: Authority | None = None) -> ssl.SSLContext:
    """What a server's TLS goes by; clients need a certificate of an authority, if one is given."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(server.certificate, server.key)
    found.set_alpn_protocols(["h2"])
    if clients_of:
        found.verify_mode = ssl.CERT_REQUIRED
        found.load_verify_locations(clients_of.certificate)
    return found


@contextmanager
def proxy(target: str, tls: ssl.SSLContext) -> Iterator[str]:
    """End TLS in front of a server, "host:port"; yields the proxy's."""
    host, _, port = target.partition(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.transport.abort()

    with _listening(pass_on, tls) as address:
        yield address


@contextmanager
def demanding(api_key: str, tls: ssl.SSLContext) -> Iterator[tuple[str, list[bool]]]:
    """Answer every gRPC call as unauthenticated; yields host:port, and whether each call had the key."""
    seen: list[bool] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(_PREFACE))
        writer.write(_frame(_SETTINGS, 0, 0, b""))
        while True:
            head = await reader.readexactly(9)
            body = await reader.readexactly(int.from_bytes(head[:3]))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:])
            if kind in (_SETTINGS, _PING) and not flags & _ACK:
                writer.write(_frame(kind, _ACK, 0, body if kind == _PING else b""))
            if kind == _HEADERS:
                seen.append(_huffman(f"Bearer {api_key}") in body)
                writer.write(_frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, _UNAUTHENTICATED))
            await writer.drain()

    with _listening(refuse, tls) as address:
        yield address, seen


@contextmanager
def _listening(talk: Talk, tls: ssl.SSLContext) -> Iterator[str]:
    """Talk to whoever connects, on a thread of its own."""
    loop = asyncio.new_event_loop()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.transport.abort()

    loop.set_exception_handler(lambda *_: None)  # Handshakes that fail are what is tested.
    server = loop.run_until_complete(asyncio.start_server(handle, LOOPBACK, 0, ssl=tls))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # What was broken off is closed by the loop's next rounds.
    await asyncio.sleep(0.05)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113, section 4.1)."""
    return len(body).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + body


def _literal(name: str, value: str) -> bytes:
    """A header that is put into no table (RFC 7541, section 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


#: ":status: 200" is the eighth of HPACK's static table.
_UNAUTHENTICATED = (
    b"\x88"
    + _literal("content-type", "application/grpc")
    + _literal("grpc-status", "16")
    + _literal("grpc-message", "Request unauthorized.")
)

#: Of RFC 7541, appendix B, what the tests' keys are made of.
_CODES = {"B": "1011101", "e": "00101", "a": "00011", "r": "101100", " ": "010100", "c": "00100", "o": "00111"}


def _huffman(text: str) -> bytes:
    bits = "".join(_CODES[letter] for letter in text)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)
