"""API keys in the records."""

import base64
import hmac
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from contracts.errors import Conflict
from contracts.plans import Plan
from contracts.scopes import EVERY, USUAL, Scope
from contracts.settings import Secret
from storage.keys import KEY_PATTERN, key_text
from storage.records import Records
from storage.schema import MIGRATIONS
from storage.secrets import first_key
from tests.storage.requests import NOW

pytestmark = pytest.mark.unit


def test_a_new_key_is_found_by_its_text(records: Records) -> None:
    key, plaintext = records.keys.create("laptop", NOW)

    assert records.keys.find(plaintext) == key
    assert KEY_PATTERN.fullmatch(plaintext)


def test_a_key_is_not_kept_in_clear(records: Records, tmp_path: Path) -> None:
    _, plaintext = records.keys.create("laptop", NOW)
    records.close()

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("records.db*"))

    assert plaintext.split("_", 2)[2].encode() not in kept


def test_a_key_with_one_wrong_character_is_not_found(records: Records) -> None:
    _, plaintext = records.keys.create("laptop", NOW)
    wrong = plaintext[:-2] + ("A" if plaintext[-2] != "A" else "B") + plaintext[-1]

    assert records.keys.find(wrong) is None


def test_only_hashes_are_compared_and_always_with_all_their_characters(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest

    def watched(sent: str, known: str) -> bool:
        compared.append((sent, known))
        return real(sent, known)

    _, plaintext = records.keys.create("laptop", NOW)
    monkeypatch.setattr(hmac, "compare_digest", watched)
    for text in (plaintext, plaintext[:-1] + "!", plaintext[:-2] + "AA", "sk_00000000_" + "x" * 43, ""):
        records.keys.find(text)

    assert len(compared) == 5
    assert all(len(sent) == len(known) == 64 and plaintext not in sent for sent, known in compared)


@pytest.mark.parametrize("text", ["", "sk_", "sk_00000000_" + "x" * 43, "nonsense", "sk_0000000g_" + "x" * 43, "ké"])
def test_other_text_finds_nothing(records: Records, text: str) -> None:
    assert records.keys.find(text) is None


def test_a_revoked_key_no_longer_works(records: Records) -> None:
    key, plaintext = records.keys.create("laptop", NOW)

    assert records.keys.revoke(key.key_id, NOW)
    assert records.keys.find(plaintext) is None
    assert not records.keys.revoke(key.key_id, NOW)


def test_adding_a_known_key_again_changes_nothing(records: Records) -> None:
    plaintext = first_key(Secret("s"))
    added = records.keys.add(plaintext, "first", NOW)
    secret = records.keys.webhook_secret(added.key_id)

    assert records.keys.add(plaintext, "other", "2027-01-01T00:00:00Z") == added
    assert records.keys.webhook_secret(added.key_id) == secret
    assert records.keys.list() == [added]


def test_a_revoked_key_stays_revoked_when_it_is_added_again(records: Records) -> None:
    plaintext = first_key(Secret("s"))
    key = records.keys.add(plaintext, "first", NOW)
    records.keys.revoke(key.key_id, NOW)

    assert records.keys.add(plaintext, "first", NOW).revoked_at == NOW
    assert records.keys.find(plaintext) is None


def test_text_that_is_no_key_cannot_be_added(records: Records) -> None:
    with pytest.raises(ValueError, match="sk_"):
        records.keys.add("hello", "x", NOW)


def test_every_key_signs_webhooks_with_its_own_secret(records: Records) -> None:
    secrets = [records.keys.webhook_secret(records.keys.create(name, NOW)[0].key_id) for name in "ab"]

    assert secrets[0] != secrets[1]
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in secrets)


def test_an_unknown_key_has_no_webhook_secret(records: Records) -> None:
    with pytest.raises(KeyError):
        records.keys.webhook_secret("00000000")


def test_a_key_is_on_the_largest_plan_and_submits_and_reads_unless_told_otherwise(records: Records) -> None:
    key, _ = records.keys.create("", NOW)

    assert (key.name, key.plan, key.scopes) == ("", Plan.ENTERPRISE, frozenset({Scope.SUBMIT, Scope.READ}))


def test_only_what_is_given_of_a_key_changes(records: Records) -> None:
    key, plaintext = records.keys.create("laptop", NOW, Plan.PRO, EVERY)

    assert records.keys.change(key.key_id, plan=Plan.FREE) == replace(key, plan=Plan.FREE)
    assert records.keys.change(key.key_id, name="phone", scopes=USUAL) == records.keys.find(plaintext)
    assert records.keys.find(plaintext) == replace(key, plan=Plan.FREE, name="phone", scopes=USUAL)


def test_a_key_that_is_not_there_cannot_be_changed(records: Records) -> None:
    assert records.keys.change("00000000", name="x") is None


def test_two_keys_never_share_an_id(records: Records) -> None:
    records.keys.add(key_text(b"same", b"1" * 32), "first", NOW)

    with pytest.raises(Conflict):
        records.keys.add(key_text(b"same", b"2" * 32), "second", NOW)


def test_keys_made_before_there_were_plans_are_on_the_largest(tmp_path: Path) -> None:
    database = Database(tmp_path / "records.db")
    MIGRATIONS.apply(database, stop_before="0005_plans")
    database.execute(
        "INSERT INTO keys (key_id, name, sha256, webhook_secret, created_at, revoked_at)"
        " VALUES ('a', '', '', '', '', '')"
    )
    database.conn.commit()
    database.close()

    records = Records(tmp_path / "records.db")

    assert [(key.plan, key.scopes) for key in records.keys.list()] == [(Plan.ENTERPRISE, USUAL)]
    records.close()


def test_admins_from_before_there_were_scopes_have_every_scope_and_others_the_usual(tmp_path: Path) -> None:
    database = Database(tmp_path / "records.db")
    MIGRATIONS.apply(database, stop_before="0014_scopes")
    for key_id, admin in (("boss", 1), ("shop", 0)):
        database.execute(
            "INSERT INTO keys (key_id, name, sha256, webhook_secret, created_at, revoked_at, admin)"
            f" VALUES ('{key_id}', '', '', '', '', '', {admin})"
        )
    database.conn.commit()
    database.close()

    records = Records(tmp_path / "records.db")

    assert {key.key_id: key.scopes for key in records.keys.list()} == {"boss": EVERY, "shop": USUAL}
    records.close()
