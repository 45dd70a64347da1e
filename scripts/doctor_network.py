"""How the service is reached: the public URL as clients see it, and certificates that are about to end."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import requests
from cryptography import x509

from contracts.settings import Settings
from scripts import connection
from scripts.doctor import Finding, State

_TIMEOUT_S = 5.0
_SOON = timedelta(days=21)


def public_url(settings: Settings) -> Finding:
    """Whether the address that links are built on leads to the service, from here."""
    url = settings.public_url
    try:
        answer = requests.get(f"{url}/healthz", timeout=_TIMEOUT_S)
    except requests.exceptions.SSLError as fault:
        remedy = "Renew or complete the certificate of the reverse proxy."
        return Finding(name="public URL", state=State.FAULT, detail=f"{url}: {fault}", remedy=remedy)
    except requests.RequestException:
        remedy = (
            "Check MOUTHPIECE_PUBLIC_URL, its name and the reverse proxy; a firewall may keep this host alone from it."
        )
        return Finding(name="public URL", state=State.NOTE, detail=f"nothing answers at {url}", remedy=remedy)
    if answer.ok and _is_ours(answer):
        took_ms = answer.elapsed.total_seconds() * 1000
        return Finding(name="public URL", state=State.OK, detail=f"{url} leads here, in {took_ms:.0f} ms")
    detail = f"{url}/healthz answers {answer.status_code}, and not as this service does"
    remedy = "Links to outputs lead there: check MOUTHPIECE_PUBLIC_URL and the reverse proxy."
    return Finding(name="public URL", state=State.FAULT, detail=detail, remedy=remedy)


def _is_ours(answer: requests.Response) -> bool:
    try:
        return bool(answer.json().get("status") == "ok")
    except (ValueError, AttributeError):
        return False


def certificates(settings: Settings) -> list[Finding]:
    """The certificates of the public URL and of Temporal, where these have one."""
    found = []
    url = urlsplit(settings.public_url)
    if url.scheme == "https" and url.hostname:
        found.append(_certificate("certificate", url.hostname, url.port or 443))
    config = connection.configuration(settings.data_dir)
    if config.get("tls"):
        host, _, port = config.get("target_host", "").rpartition(":")
        found.append(_certificate("Temporal's certificate", host, int(port or 7233)))
    return found


def _certificate(name: str, host: str, port: int) -> Finding:
    # Whether it is trusted is found out elsewhere; here only its end matters, whoever signed it.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((host, port), timeout=_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            shown = wrapped.getpeercert(binary_form=True) or b""
        ends = x509.load_der_x509_certificate(shown).not_valid_after_utc
    except (OSError, ValueError) as fault:
        detail = f"{host}:{port} shows none: {fault}"
        return Finding(name=name, state=State.NOTE, detail=detail, remedy="Check the address and what listens there.")
    left = ends - datetime.now(UTC)
    detail = f"of {host} ends on {ends:%Y-%m-%d}, in {left.days} days"
    if left > _SOON:
        return Finding(name=name, state=State.OK, detail=detail)
    state = State.FAULT if left < timedelta(0) else State.NOTE
    return Finding(name=name, state=state, detail=detail, remedy="Renew it: clients and workers refuse it after that.")
