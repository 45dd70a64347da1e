"""How the doctor sees the service's own address and certificates."""

import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.services import utc_now
from contracts.settings import Settings
from scripts import doctor, doctor_jobs, doctor_network
from scripts.cli import cli
from scripts.doctor import State
from scripts.listening import listening
from scripts.stack import DEFAULT, read
from storage.deliveries import WebhookFilter, WebhookState
from storage.records import Records
from tests.storage.earlier.filled import fill

pytestmark = pytest.mark.unit


def _handler(body: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.mark.parametrize(
    ("body", "state"), [(b'{"status": "ok", "checks": {}}', State.OK), (b"<html>", State.FAULT), (b"{}", State.FAULT)]
)
def test_the_public_url_has_to_lead_to_the_service(body: bytes, state: State) -> None:
    with listening(_handler(body)) as url:
        assert doctor_network.public_url(Settings(public_url=url)).state is state


def test_a_public_url_that_nothing_answers_at_is_noted() -> None:
    finding = doctor_network.public_url(Settings(public_url="http://127.0.0.1:9"))

    assert finding.state is State.NOTE
    assert "MOUTHPIECE_PUBLIC_URL" in finding.remedy


@contextmanager
def _tls(folder: Path, days: int) -> Iterator[str]:
    """An HTTPS address whose certificate ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")

    def serve(listener: socket.socket) -> None:
        taken, _ = listener.accept()
        with context.wrap_socket(taken, server_side=True) as wrapped:
            wrapped.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


@pytest.mark.parametrize(("days", "state"), [(90, State.OK), (5, State.NOTE), (-3, State.FAULT)])
def test_a_certificate_that_ends_soon_is_told(tmp_path: Path, days: int, state: State) -> None:
    with _tls(tmp_path, days) as url:
        (finding,) = doctor_network.certificates(Settings(data_dir=tmp_path / "data", public_url=url))

    assert finding.state is state
    assert f"in {days} days" in finding.detail


def test_webhooks_that_have_died_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records(tmp_path / "records.db")
    fill(records)
    dead = records.deliveries.list_by(WebhookFilter(state=WebhookState.FAILED), utc_now(), 50)
    records.close()
    recent = doctor_jobs.webhooks(Settings(data_dir=tmp_path))
    monkeypatch.setattr(doctor_jobs, "_WEBHOOKS_SINCE", timedelta(days=20_000))
    all_of_them = doctor_jobs.webhooks(Settings(data_dir=tmp_path))

    assert dead
    assert recent.state is State.OK
    assert all_of_them.state is State.NOTE
    assert all_of_them.detail.startswith(f"{len(dead)} have died")


def test_a_large_database_of_temporals_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporal.db").write_bytes(bytes(2 << 20))
    assert doctor.databases(Settings(data_dir=tmp_path), read(DEFAULT)).state is State.OK
    monkeypatch.setattr(doctor, "_LARGE_BYTES", 1 << 20)

    finding = doctor.databases(Settings(data_dir=tmp_path), read(DEFAULT))

    assert (finding.state, finding.detail) == (State.NOTE, "temporal.db 2 MiB")


def test_monitoring_gets_a_document_and_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    tmp_path.chmod(0o700)

    answer = CliRunner().invoke(cli, ["doctor", "--service", "--json", "--data", str(tmp_path)], standalone_mode=False)

    told = json.loads(answer.stdout)
    assert told["ok"] is (answer.return_value == 0)
    names = [finding["name"] for finding in told["findings"]]
    assert {"data folder", "databases", "blob store", "disk", "webhooks", "API", "public URL", "server"} <= set(names)
    assert "engine" not in names
    assert all(finding["remedy"] for finding in told["findings"] if finding["state"] != "ok")
