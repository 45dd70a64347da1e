"""How far a job is, for commands that run beside the service; its HTTP dialects do not say."""

from contracts.errors import MouthpieceError
from contracts.jobs import JobView
from contracts.settings import Settings
from scripts import references, runfile
from scripts.connection import gateway
from storage.records import Records


class JobProgress:
    """Looks at jobs in Temporal when the service at `url` runs on this data folder; sees nothing otherwise."""

    def __init__(self, settings: Settings, url: str) -> None:
        running = runfile.read(settings.data_dir)
        self._gateway = None
        if running and running.url == url:
            self._records = Records(settings.data_dir / "records.db")
            self._gateway = gateway(settings)

    def look(self, reference: str) -> JobView | None:
        """Return how the job with an id or number stands, if that can be seen from here."""
        if self._gateway is None:
            return None
        try:
            return self._gateway.view(references.find(self._records, reference).job_id)
        except MouthpieceError:
            return None
