"""The bucket's secret stays with this process, whatever the store answers."""

import logging
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from contracts.errors import MouthpieceError
from contracts.settings import Secret, Settings
from scripts.listening import listening
from storage.blobs import open_blobs

pytestmark = pytest.mark.unit

TELL_TALE = "tell-tale-secret-of-the-bucket"


class Refusing(BaseHTTPRequestHandler):
    """A store that shows what it was asked, and refuses it."""

    def do_GET(self) -> None:
        said = f"<Error><Code>AccessDenied</Code><Message>{self.path} {self.headers}</Message></Error>".encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    do_HEAD = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_refusing_store_makes_no_log_line_or_error_tell_the_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(Refusing) as url, caplog.at_level(logging.DEBUG):
        settings = Settings(
            data_dir=tmp_path,
            s3_bucket="media",
            s3_endpoint=url,
            s3_access_key_id="tester",
            s3_secret_access_key=Secret(TELL_TALE),
        )
        with pytest.raises(MouthpieceError) as caught:
            open_blobs(settings).local("jobs/1/output.mp4")

    assert "blob_store_fault" in caplog.text
    for said in (caplog.text, str(caught.value), repr(settings)):
        assert TELL_TALE not in said
        assert "X-Amz-Signature" not in said
