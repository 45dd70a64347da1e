"""The server's own secret, and the first API key that is derived from it."""

import hashlib
import hmac
import os
import secrets
import uuid

from contracts.settings import Secret, Settings
from storage.folders import make_private
from storage.keys import key_text


def server_secret(settings: Settings) -> Secret:
    """Return the configured secret, or the one kept in the data folder, which is made once (mode 0600)."""
    if settings.secret:
        return settings.secret
    path = settings.data_dir / "secret"
    if not path.exists():
        make_private(settings.data_dir)
        aside = path.with_name(f".secret-{uuid.uuid4().hex}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        # Linking fails when another process was first, so that all of them read the same secret.
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return Secret(path.read_text(encoding="ascii").strip())


def first_key(secret: Secret, generation: int = 0) -> Secret:
    """Derive the first API key's text from the server's secret, so that it can be shown at every start.

    Args:
        secret: what `server_secret` returned.
        generation: another number gives another key, once the one before is revoked.
    """
    return derived_key(secret, f"first-key:{generation}")


def derived_key(secret: Secret, label: str) -> Secret:
    """Derive an API key's text from the server's secret; the same label gives the same key."""
    digest = hmac.new(secret.encode(), label.encode(), hashlib.sha512).digest()
    return key_text(digest[:4], digest[4:36])
