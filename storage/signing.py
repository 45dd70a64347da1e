"""The secrets that sign a key's webhooks: one in force, and those before it for as long as they overlap."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts.errors import Conflict
from contracts.settings import Secret
from storage.database import RecordsFile, Row

#: How long an old secret goes on signing beside the new one, unless told otherwise.
USUAL_OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=7)
#: Old secrets that sign at once, at most; each makes the header longer.
MOST_OLD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSecret:
    """A secret that still signs, until `ends_at`."""

    secret: Secret
    ends_at: str


class SigningSecrets:
    """The signing secrets in the records; each use reads them anew, so that a rotation is in force at once."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def in_force(self, key_id: str, now: datetime) -> Sequence[Secret]:
        """Return the secrets to sign with, the newest first.

        Raises:
            KeyError: when there is no such key.
        """
        return [self._current(key_id), *(old.secret for old in self.old(key_id, now))]

    def old(self, key_id: str, now: datetime) -> Sequence[OldSecret]:
        """Return the secrets before the newest that still sign, newest first."""
        rows = self._file.rows(
            "SELECT secret, ends_at FROM old_webhook_secrets WHERE key_id = :key_id AND ends_at > :now"
            " ORDER BY number DESC",
            {"key_id": key_id, "now": _text(now)},
        )
        return [OldSecret(secret=Secret(str(row["secret"])), ends_at=str(row["ends_at"])) for row in rows]

    def rotate(self, key_id: str, secret: Secret, now: datetime, overlap: timedelta = USUAL_OVERLAP) -> None:
        """Sign with a new secret from now on, and with those before it for the overlap, or their own if that is less.

        Rotating to the secret that is in force changes nothing.

        Raises:
            KeyError: when there is no such key.
            Conflict: when too many old ones would sign at once.
        """
        row: Row = {"key_id": key_id, "secret": secret, "now": _text(now), "ends_at": _text(now + overlap)}
        with self._file.writing() as database:
            if self._current(key_id) == secret:
                return
            for statement in ROTATE:
                database.execute(statement, row)
            if len(self.old(key_id, now)) > MOST_OLD:
                raise Conflict(
                    f"{MOST_OLD} old secrets sign already",
                    field="overlap_s",
                    remedy="Wait until one ends, or rotate with an overlap of 0, which ends all of them.",
                )

    def _current(self, key_id: str) -> Secret:
        row = self._file.row("SELECT webhook_secret FROM keys WHERE key_id = :key_id", {"key_id": key_id})
        if row is None:
            raise KeyError(key_id)
        return Secret(str(row["webhook_secret"]))


ROTATE = (
    "DELETE FROM old_webhook_secrets WHERE key_id = :key_id AND ends_at <= :now",
    "UPDATE old_webhook_secrets SET ends_at = min(ends_at, :ends_at) WHERE key_id = :key_id",
    "INSERT INTO old_webhook_secrets (key_id, secret, ends_at)"
    " SELECT key_id, webhook_secret, :ends_at FROM keys WHERE key_id = :key_id",
    "UPDATE keys SET webhook_secret = :secret WHERE key_id = :key_id",
)


def new_signing_secret() -> Secret:
    """Make a webhook secret of 32 random bytes."""
    return Secret("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())


def derived_signing_secret(server: Secret, label: str) -> Secret:
    """Derive a webhook secret of 32 bytes from the server's own; the same label gives the same one."""
    digest = hmac.new(server.encode(), label.encode(), hashlib.sha256).digest()
    return Secret("whsec_" + base64.b64encode(digest).decode())


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
