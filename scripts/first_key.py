"""The API key of whoever owns the data folder: shown at every start of `mouthpiece up`, and used by `submit`."""

import itertools

from contracts.scopes import EVERY
from contracts.settings import Secret, Settings
from scripts.clock import now_text
from storage.records import Records
from storage.secrets import first_key, server_secret


def working(settings: Settings, records: Records) -> Secret:
    """Return the newest generation of the first key that has not been revoked, entered with every scope.

    Args:
        settings: whose secret the key is derived from; the secret is made when there is none yet.
        records: those of the same data folder.
    """
    secret = server_secret(settings)
    for generation in itertools.count():
        text = first_key(secret, generation)
        key = records.keys.add(text, "first key", now_text())
        if not key.revoked_at:
            break
    # Also one that was entered before there were all of today's.
    records.keys.change(key.key_id, scopes=EVERY)
    return text
