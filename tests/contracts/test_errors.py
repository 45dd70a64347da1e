"""The error tree: every code has a class, and retryability is decided once."""

import pytest

from contracts import errors
from contracts.errors import NON_RETRYABLE, ErrorCode, InputError, MouthpieceError, TransientError, UnreadableMedia

pytestmark = pytest.mark.unit


def _classes(root: type[MouthpieceError]) -> list[type[MouthpieceError]]:
    """The tree as `contracts` has it; other packages may name special cases of its leaves."""
    ours = [child for child in root.__subclasses__() if child.__module__ == errors.__name__]
    return [root, *(found for child in ours for found in _classes(child))]


def test_every_code_belongs_to_a_class() -> None:
    assert {kind.code for kind in _classes(MouthpieceError)} == set(ErrorCode)


def test_every_class_is_drawn_in_the_tree() -> None:
    drawn = errors.__doc__ or ""

    assert [kind.__name__ for kind in _classes(MouthpieceError) if kind.__name__ not in drawn] == []


def test_only_transient_faults_and_unexpected_ones_are_retried() -> None:
    retried = {kind.code for kind in _classes(TransientError)} | {ErrorCode.INTERNAL}

    assert set(NON_RETRYABLE) == {str(code) for code in ErrorCode} - {str(code) for code in retried}


def test_an_error_reads_field_first() -> None:
    assert (
        str(UnreadableMedia("not an audio file (text/html)", field="audio")) == "audio: not an audio file (text/html)"
    )


def test_an_input_error_is_never_retried() -> None:
    assert not any(kind.retryable for kind in _classes(InputError))
