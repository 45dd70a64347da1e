"""Encryption of what Temporal stores."""

import asyncio
import logging
from base64 import b64encode

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from storage.payloads import PayloadLocked, data_converter, key_id

pytestmark = pytest.mark.unit

FIRST, SECOND = (b64encode(letter * 32).decode() for letter in (b"a", b"b"))
SAID = {"url": "https://media.example/voice.wav?token=tell-tale"}


def written(keys: str, value: object = SAID) -> Payload:
    (payload,) = asyncio.run(data_converter(keys).encode([value]))
    return payload


def read(keys: str, payload: Payload) -> object:
    (value,) = asyncio.run(data_converter(keys).decode([payload]))
    return value


def test_what_is_written_with_a_key_is_read_with_it_and_shows_nothing() -> None:
    payload = written(FIRST)

    assert read(FIRST, payload) == SAID
    assert b"tell-tale" not in payload.SerializeToString()
    assert b"json" not in payload.SerializeToString()


def test_the_same_value_is_never_written_twice_alike() -> None:
    assert written(FIRST).data != written(FIRST).data


@pytest.mark.parametrize("keys", [f"{SECOND},{FIRST}", f"{FIRST},{SECOND}"])
def test_every_key_reads_and_the_first_writes(keys: str) -> None:
    assert read(keys, written(FIRST)) == SAID
    assert read(keys.split(",")[0], written(keys)) == SAID


@pytest.mark.parametrize("keys", ["", FIRST])
def test_what_was_never_encrypted_is_read_as_it_is(keys: str) -> None:
    assert read(keys, written("")) == SAID


@pytest.mark.parametrize("keys", ["", SECOND])
def test_a_process_that_lacks_the_key_says_which_and_where_it_is_set(
    keys: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(PayloadLocked) as caught:
        read(keys, written(FIRST))

    name = key_id(b"a" * 32)
    assert f"key {name}, which MOUTHPIECE_PAYLOAD_KEYS of this process lacks" in str(caught.value)
    assert "MOUTHPIECE_PAYLOAD_KEYS" in caught.value.remedy
    assert caplog.messages == [f"payload_locked key={name} setting=MOUTHPIECE_PAYLOAD_KEYS"]


@pytest.mark.parametrize("data", [b"", b"x" * 12, b"x" * 40])
def test_what_was_changed_is_not_read(data: bytes) -> None:
    payload = written(FIRST)
    payload.data = data

    with pytest.raises(PayloadLocked, match="was changed"):
        read(FIRST, payload)


def test_a_payload_cannot_be_passed_off_as_another_keys() -> None:
    payload = written(FIRST)
    payload.metadata["encryption-key-id"] = key_id(b"b" * 32).encode()

    with pytest.raises(PayloadLocked, match="was changed"):
        read(f"{FIRST},{SECOND}", payload)


def test_a_failures_message_is_encrypted_and_its_code_is_not() -> None:
    converter, failure = data_converter(FIRST), Failure()

    asyncio.run(converter.encode_failure(ApplicationError("tell-tale", type="no_face"), failure))
    stored = failure.SerializeToString()
    back = asyncio.run(converter.decode_failure(failure))

    assert (b"tell-tale" in stored, b"no_face" in stored) == (False, True)
    assert isinstance(back, ApplicationError)
    assert (back.message, back.type) == ("tell-tale", "no_face")
