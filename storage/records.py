"""The records: API keys, jobs with their ledger, webhook deliveries, in one SQLite file."""

from pathlib import Path

from storage.batches import Batches
from storage.database import RecordsFile
from storage.deliveries import Deliveries
from storage.endpoints import Endpoints
from storage.idempotency import Idempotency
from storage.jobs import Jobs
from storage.keys import Keys
from storage.ledger import Ledger
from storage.schema import MIGRATIONS
from storage.signing import SigningSecrets


class Records:
    """All tables of one file, opened and brought to the current schema.

    Raises:
        StorageBusy: when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = RecordsFile(path, MIGRATIONS)
        self.keys = Keys(self._file)
        self.jobs = Jobs(self._file)
        self.signing = SigningSecrets(self._file)
        self.deliveries = Deliveries(self._file)
        self.endpoints = Endpoints(self._file)
        self.ledger = Ledger(self._file)
        self.idempotency = Idempotency(self._file)
        self.batches = Batches(self._file)

    def check_writable(self) -> None:
        """Take and give back the write lock.

        Raises:
            StorageBusy: when the records cannot be written to.
        """
        with self._file.writing():
            pass

    def close(self) -> None:
        """Close this process's connections."""
        self._file.close()
