"""Finds jobs by what people type: the id, or the number that one of the dialects gives out."""

from contracts.errors import NotFound
from storage.jobs import JobRecord
from storage.records import Records


def find(records: Records, reference: str) -> JobRecord:
    """Return the job with an id or a number.

    Raises:
        NotFound: when the records hold none.
    """
    found = records.jobs.find_number(int(reference)) if reference.isdecimal() else records.jobs.find(reference.lower())
    if found is None:
        raise NotFound(f"no job {reference}", remedy="mouthpiece jobs list shows them.")
    return found
