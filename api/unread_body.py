"""What a refused request still had to say: read and thrown away, so that its connection can carry the next one."""

from typing import IO

from flask import Flask, Response, request
from gunicorn.http.errors import ParseException

#: Longer rests are not waited for; the server then closes the connection.
LIMIT_BYTES = 8 << 20

_CHUNK_BYTES = 1 << 16


def install(app: Flask) -> None:
    """Empty the body of every request of an application that was answered without reading it."""

    @app.after_request
    def discard_rest(response: Response) -> Response:
        # Only such a stream ends where the body does; reading on in another would wait for ever.
        if response.status_code >= 400 and request.environ.get("wsgi.input_terminated"):
            discard(LIMIT_BYTES)
        return response


def discard(limit_bytes: int) -> None:
    """Read what is left of the request's body, up to a limit, and throw it away."""
    body, left = request.environ["wsgi.input"], limit_bytes
    while left > 0 and (chunk := _read(body)):
        left -= len(chunk)


def _read(body: IO[bytes]) -> bytes:
    try:
        return body.read(_CHUNK_BYTES)
    except (OSError, ParseException):
        # The client has gone, or what it sends is no body.
        return b""
