"""API keys: shown once, kept as hashes, each with the secret that signs its webhooks."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from contracts.errors import Conflict
from contracts.plans import Plan
from contracts.scopes import USUAL, Scope, in_order
from contracts.settings import Secret
from storage.database import RecordsFile, Row

#: "sk_<8 characters of id>_<43 characters of secret>": 256 random bits in URL-safe base64.
KEY_PATTERN = re.compile(r"sk_(?P<key_id>[0-9a-f]{8})_(?P<secret>[A-Za-z0-9_-]{43})")


#: What the text of a key that does not exist is compared with, so that this takes as long; no text has this hash.
_NOBODYS = "-" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A client of the service and what it may do; `revoked_at` is "" while the key works."""

    key_id: str
    name: str
    created_at: str
    revoked_at: str = ""
    plan: Plan = Plan.ENTERPRISE
    scopes: frozenset[Scope] = USUAL


class Keys:
    """The API keys in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def create(
        self, name: str, now: str, plan: Plan = Plan.ENTERPRISE, scopes: frozenset[Scope] = USUAL
    ) -> tuple[ApiKey, Secret]:
        """Make a key and return it with its text, which cannot be had again."""
        while True:
            plaintext = key_text(secrets.token_bytes(4), secrets.token_bytes(32))
            if self.get(_key_id(plaintext)) is None:
                return self.add(plaintext, name, now, plan, scopes), plaintext

    def add(
        self, plaintext: str, name: str, now: str, plan: Plan = Plan.ENTERPRISE, scopes: frozenset[Scope] = USUAL
    ) -> ApiKey:
        """Enter a key whose text is already known; entering it again changes nothing.

        Raises:
            ValueError: when the text is not a key's.
            Conflict: when another key has the same id.
        """
        row: Row = {
            "key_id": _key_id(plaintext),
            "name": name,
            "sha256": _sha256(plaintext),
            "webhook_secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "created_at": now,
            "revoked_at": "",
            "plan": plan,
            "scopes": _text(scopes),
        }
        with self._file.writing() as database:
            database.execute(ADD_KEY, row)
        entered = self._row(_key_id(plaintext)) or row
        if entered["sha256"] != row["sha256"]:
            raise Conflict("another key has this id")
        return _api_key(entered)

    def find(self, plaintext: str) -> ApiKey | None:
        """Return the working key with this text, taking the same time however much of the secret is right."""
        match = KEY_PATTERN.fullmatch(plaintext)
        row = self._row(match["key_id"]) if match else None
        known = str(row["sha256"]) if row else _NOBODYS
        if not hmac.compare_digest(_sha256(plaintext), known) or row is None or row["revoked_at"]:
            return None
        return _api_key(row)

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key with this id, revoked or not."""
        row = self._row(key_id)
        return _api_key(row) if row else None

    def plan_of(self, key_id: str) -> Plan | None:
        """The plan of the key with this id; None when there is none."""
        key = self.get(key_id)
        return key.plan if key else None

    def list(self) -> list[ApiKey]:
        """Every key ever made, oldest first."""
        return [_api_key(row) for row in self._file.rows("SELECT * FROM keys ORDER BY created_at, key_id", {})]

    def change(
        self,
        key_id: str,
        *,
        name: str | None = None,
        plan: Plan | None = None,
        scopes: frozenset[Scope] | None = None,
    ) -> ApiKey | None:
        """Change what is given of a key and return it; None when there is none."""
        with self._file.writing() as database:
            database.execute(
                "UPDATE keys SET name = ifnull(:name, name), plan = ifnull(:plan, plan),"
                " scopes = ifnull(:scopes, scopes) WHERE key_id = :key_id",
                {"key_id": key_id, "name": name, "plan": plan, "scopes": None if scopes is None else _text(scopes)},
            )
        return self.get(key_id)

    def revoke(self, key_id: str, now: str) -> bool:
        """Stop a key from working; False when there is none, or it is revoked already."""
        with self._file.writing() as database:
            changed = database.execute(
                "UPDATE keys SET revoked_at = :now WHERE key_id = :key_id AND revoked_at = ''",
                {"now": now, "key_id": key_id},
            )
            return bool(changed.rowcount)

    def webhook_secret(self, key_id: str) -> Secret:
        """The secret that signs a key's webhooks: "whsec_" and base64.

        Raises:
            KeyError: when there is no such key.
        """
        row = self._row(key_id)
        if row is None:
            raise KeyError(key_id)
        return Secret(str(row["webhook_secret"]))

    def _row(self, key_id: str) -> Row | None:
        return self._file.row("SELECT * FROM keys WHERE key_id = :key_id", {"key_id": key_id})


ADD_KEY = """
    INSERT INTO keys (key_id, name, sha256, webhook_secret, created_at, revoked_at, plan, scopes)
    VALUES (:key_id, :name, :sha256, :webhook_secret, :created_at, :revoked_at, :plan, :scopes)
    ON CONFLICT (key_id) DO NOTHING
"""


def key_text(id_bytes: bytes, secret_bytes: bytes) -> Secret:
    """Write a key of 4 bytes of id and 32 bytes of secret."""
    return Secret(f"sk_{id_bytes.hex()}_{base64.urlsafe_b64encode(secret_bytes).decode().rstrip('=')}")


def _key_id(plaintext: str) -> str:
    match = KEY_PATTERN.fullmatch(plaintext)
    if match is None:
        raise ValueError("not an API key: expected sk_<8 hex digits>_<43 characters>")
    return match["key_id"]


def _sha256(plaintext: str) -> str:
    return hashlib.sha256(plaintext.encode()).hexdigest()


def _text(scopes: frozenset[Scope]) -> str:
    return " ".join(in_order(scopes))


def _api_key(row: Row) -> ApiKey:
    return ApiKey(
        key_id=str(row["key_id"]),
        name=str(row["name"]),
        created_at=str(row["created_at"]),
        revoked_at=str(row["revoked_at"]),
        plan=Plan(str(row["plan"])),
        scopes=frozenset(map(Scope, str(row["scopes"]).split())),
    )
