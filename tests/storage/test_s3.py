"""Blobs in a bucket of a real S3 server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from contracts.errors import StorageBusy
from contracts.settings import Secret
from storage.blobs import BlobStore, open_blobs
from storage.s3 import PART_BYTES
from tests.s3_server import BUILD_TIMEOUT_S, S3Server, running_s3
from tests.storage.blob_contract import BlobContract, a_file

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(BUILD_TIMEOUT_S)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def blobs(server: S3Server, tmp_path: Path) -> Iterator[BlobStore]:
    blobs = open_blobs(server.settings(tmp_path / "data"))
    yield blobs
    for key in server.stored():
        blobs.delete(key)


class Stopped(Exception):
    """What a step that is cancelled raises."""


class TestS3Blobs(BlobContract):
    pass


def test_what_one_host_stores_another_reads(server: S3Server, blobs: BlobStore, tmp_path: Path) -> None:
    blobs.put("jobs/1/inputs/video-00000000", a_file(tmp_path, b"film"))

    elsewhere = open_blobs(server.settings(tmp_path / "elsewhere"))

    assert elsewhere.local("jobs/1/inputs/video-00000000").read_bytes() == b"film"


def test_a_blob_is_read_from_the_store_once(server: S3Server, blobs: BlobStore, tmp_path: Path) -> None:
    blobs.put("a", a_file(tmp_path))

    assert blobs.local("a").stat().st_ino == blobs.local("a").stat().st_ino


@pytest.mark.parametrize("parts", [1.0, 2.5])
def test_a_direct_address_answers_ranges_as_our_links_do(blobs: BlobStore, tmp_path: Path, parts: float) -> None:
    content = bytes(range(256)) * int(parts * PART_BYTES / 256)
    blobs.put("jobs/8a4b/output.mp4", a_file(tmp_path, content))

    answer = requests.get(
        blobs.direct_url("jobs/8a4b/output.mp4", "GET", 60), headers={"Range": "bytes=300-309"}, timeout=10
    )

    assert (answer.status_code, answer.content) == (206, content[300:310])
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"] == "inline; filename=8a4b.mp4"


def test_a_direct_address_is_good_for_one_method_and_its_time_alone(blobs: BlobStore, tmp_path: Path) -> None:
    blobs.put("a", a_file(tmp_path))
    address = blobs.direct_url("a", "HEAD", 60)

    assert requests.head(address, timeout=10).status_code == 200
    assert requests.get(address, timeout=10).status_code == 403
    assert requests.head(address.replace("Expires=60", "Expires=61"), timeout=10).status_code == 403


def test_a_store_that_is_away_is_a_passing_fault(server: S3Server, blobs: BlobStore, tmp_path: Path) -> None:
    source = a_file(tmp_path)
    server.stop()
    try:
        for attempt in (
            lambda: blobs.put("a", source),
            lambda: blobs.local("a"),
            lambda: blobs.exists("a"),
            lambda: blobs.delete("a"),
            lambda: blobs.delete_prefix("jobs/1"),
        ):
            with pytest.raises(StorageBusy):
                attempt()
    finally:
        server.start()

    blobs.put("a", source)
    assert blobs.local("a").read_bytes() == b"film"


def test_a_wrong_secret_is_a_passing_fault_that_shows_nothing(server: S3Server, tmp_path: Path) -> None:
    wrong = open_blobs(replace(server.settings(tmp_path), s3_secret_access_key=Secret("wrong")))

    with pytest.raises(StorageBusy) as fault:
        wrong.exists("jobs/1/output.mp4")

    assert str(fault.value) == "the file store cannot be used at the moment"


def test_a_bucket_that_does_not_exist_takes_nothing(server: S3Server, tmp_path: Path) -> None:
    nowhere = open_blobs(replace(server.settings(tmp_path / "data"), s3_bucket="nowhere"))
    source = a_file(tmp_path)

    with pytest.raises(StorageBusy):
        nowhere.put("a", source)

    assert source.exists()


def test_a_step_that_is_stopped_while_it_stores_leaves_nothing_in_the_bucket(server: S3Server, tmp_path: Path) -> None:
    signs = iter([None, None])

    def alive() -> None:
        if next(signs, Stopped) is Stopped:
            raise Stopped

    blobs = open_blobs(server.settings(tmp_path / "data"), alive)
    source = a_file(tmp_path, bytes(3 * PART_BYTES))

    with pytest.raises(Stopped):
        blobs.put("jobs/1/output.mp4", source)

    assert not blobs.exists("jobs/1/output.mp4")
    assert server.unfinished() == []
    assert source.exists()


def test_a_step_that_is_stopped_while_it_reads_leaves_no_half_copy(server: S3Server, tmp_path: Path) -> None:
    open_blobs(server.settings(tmp_path / "data")).put("a", a_file(tmp_path, bytes(2 * PART_BYTES)))
    signs = iter([None])

    def alive() -> None:
        if next(signs, Stopped) is Stopped:
            raise Stopped

    with pytest.raises(Stopped):
        open_blobs(server.settings(tmp_path / "data"), alive).local("a")

    blobs = open_blobs(server.settings(tmp_path / "data"))
    assert blobs.local("a").stat().st_size == 2 * PART_BYTES
