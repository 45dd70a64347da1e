"""The records: API keys, jobs with their ledger, webhook deliveries, in one SQLite file."""

from pathlib import Path

from storage.batches import Batches
from storage.database import RecordsFile
from storage.deliveries import Deliveries
from storage.endpoints import Endpoints
from storage.expiry import Expiry
from storage.idempotency import Idempotency
from storage.jobs import Jobs
from storage.keys import Keys
from storage.ledger import Ledger
from storage.owed import Owed
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
        self.expiry = Expiry(self._file)
        self.owed = Owed(self._file)

    def check_writable(self) -> None:
        """Take and give back the write lock.

        Raises:
            StorageBusy: when the records cannot be written to.
        """
        with self._file.writing():
            pass

    def faults(self, *, in_depth: bool = False) -> list[str]:
        """Look for damage in the file; a line for each that was found."""
        return self._file.faults(in_depth=in_depth)

    def copy_to(self, target: Path) -> None:
        """Write all records as they stand now to a new file."""
        self._file.copy_to(target)

    def close(self) -> None:
        """Close this process's connections."""
        self._file.close()
