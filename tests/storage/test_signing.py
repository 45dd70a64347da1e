"""Webhook secrets, and their rotation with an overlap."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.errors import Conflict
from contracts.settings import Secret
from storage.keys import ApiKey
from storage.records import Records
from storage.signing import MOST_OLD, USUAL_OVERLAP, derived_signing_secret, new_signing_secret

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def key(records: Records) -> ApiKey:
    return records.keys.create("test", "2026-01-01T00:00:00Z")[0]


def test_a_key_begins_with_the_secret_it_was_made_with(records: Records, key: ApiKey) -> None:
    assert records.signing.in_force(key.key_id, NOW) == [records.keys.webhook_secret(key.key_id)]


def test_a_rotation_is_in_force_in_every_process_at_once(records: Records, key: ApiKey, tmp_path: Path) -> None:
    elsewhere = Records(tmp_path / "records.db")
    old, new = elsewhere.keys.webhook_secret(key.key_id), new_signing_secret()

    records.signing.rotate(key.key_id, new, NOW)

    assert elsewhere.signing.in_force(key.key_id, NOW) == [new, old]
    assert elsewhere.keys.webhook_secret(key.key_id) == new
    elsewhere.close()


def test_an_old_secret_signs_for_a_day_unless_told_otherwise(records: Records, key: ApiKey) -> None:
    records.signing.rotate(key.key_id, new_signing_secret(), NOW)

    assert timedelta(hours=24) == USUAL_OVERLAP
    assert len(records.signing.in_force(key.key_id, NOW + USUAL_OVERLAP - timedelta(seconds=1))) == 2
    assert len(records.signing.in_force(key.key_id, NOW + USUAL_OVERLAP)) == 1


def test_an_overlap_of_nothing_ends_every_old_secret(records: Records, key: ApiKey) -> None:
    records.signing.rotate(key.key_id, new_signing_secret(), NOW)
    last = new_signing_secret()

    records.signing.rotate(key.key_id, last, NOW, timedelta(0))

    assert records.signing.in_force(key.key_id, NOW) == [last]


def test_a_later_rotation_lengthens_no_old_secrets_life(records: Records, key: ApiKey) -> None:
    records.signing.rotate(key.key_id, new_signing_secret(), NOW, timedelta(hours=1))
    records.signing.rotate(key.key_id, new_signing_secret(), NOW, timedelta(hours=2))

    assert [old.ends_at for old in records.signing.old(key.key_id, NOW)] == [
        "2026-01-02T05:04:05.000Z",
        "2026-01-02T04:04:05.000Z",
    ]


def test_rotating_to_the_secret_in_force_changes_nothing(records: Records, key: ApiKey) -> None:
    new = new_signing_secret()
    for _ in range(2):
        records.signing.rotate(key.key_id, new, NOW)

    assert len(records.signing.in_force(key.key_id, NOW)) == 2


def test_only_so_many_old_secrets_sign_at_once(records: Records, key: ApiKey) -> None:
    for _ in range(MOST_OLD):
        records.signing.rotate(key.key_id, new_signing_secret(), NOW)
    in_force = records.signing.in_force(key.key_id, NOW)

    with pytest.raises(Conflict):
        records.signing.rotate(key.key_id, new_signing_secret(), NOW)

    assert records.signing.in_force(key.key_id, NOW) == in_force
    records.signing.rotate(key.key_id, new_signing_secret(), NOW, timedelta(0))
    assert len(records.signing.in_force(key.key_id, NOW)) == 1


def test_other_keys_keep_theirs(records: Records, key: ApiKey) -> None:
    other = records.keys.create("other", "2026-01-01T00:00:00Z")[0]
    before = records.signing.in_force(other.key_id, NOW)

    records.signing.rotate(key.key_id, new_signing_secret(), NOW)

    assert records.signing.in_force(other.key_id, NOW) == before


def test_a_key_that_is_not_there_has_no_secret(records: Records) -> None:
    with pytest.raises(KeyError):
        records.signing.in_force("00000000", NOW)
    with pytest.raises(KeyError):
        records.signing.rotate("00000000", new_signing_secret(), NOW)


@pytest.mark.parametrize(
    "secret", [new_signing_secret(), derived_signing_secret(Secret("server"), "label")], ids=["new", "derived"]
)
def test_a_secret_has_the_form_and_length_that_standard_webhooks_asks_for(secret: Secret) -> None:
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
    assert secret not in repr(secret)


def test_a_derived_secret_is_the_same_for_the_same_label_alone() -> None:
    one = derived_signing_secret(Secret("server"), "a")

    assert one == derived_signing_secret(Secret("server"), "a")
    assert one not in (derived_signing_secret(Secret("server"), "b"), derived_signing_secret(Secret("other"), "a"))
