"""Fresh records, and a job to put into them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.records import Records


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = Records(tmp_path / "records.db")
    yield records
    records.close()
