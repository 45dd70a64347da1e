"""A client of the service's own HTTP API, for the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import requests

from contracts.errors import FetchFailed, InvalidRequest, MouthpieceError, Unavailable
from contracts.settings import Secret

_TIMEOUT_S = 30
#: Sending a file, and the service's writing it down.
_UPLOAD_TIMEOUT_S = 600
_CHUNK_BYTES = 1 << 20


#: A JSON object to send.
Body = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A job the service took: the id it is known by, and where it is asked after."""

    reference: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a job stands: whether it is over, its output's URL or what went wrong, in words and as a code; warnings."""

    is_over: bool
    output: str
    error: str
    error_code: str
    warnings: tuple[str, ...] = ()


class ApiClient:
    """Sends files and jobs and fetches results.

    Args:
        url: where the service answers, without "/api".
        key: an API key of it.
    """

    def __init__(self, url: str, key: Secret) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key!s}"

    def place(self, media: str) -> str:
        """Return a URL of a file: a URL as it is, a local file after uploading it.

        Raises:
            InvalidRequest: when it is neither an http(s) URL nor a local file.
        """
        if media.startswith(("http://", "https://")):
            return media
        path = Path(media)
        if not path.is_file():
            what = "neither an http:// or https:// URL nor a file" if "://" in media else "no such file"
            raise InvalidRequest(f"{what}: {media}")
        with path.open("rb") as file:
            answer = self._call("POST", "/api/v1/uploads", data=file, timeout=_UPLOAD_TIMEOUT_S)
        return str(answer["url"])

    def submit(self, model: str, state: Body, webhook: str | None) -> Sent:
        """Order a job of the studio dialect: "lipsync-image" or "lipsync-video"."""
        body: Body = {"formState": state} | ({"webhook": webhook} if webhook else {})
        job_id = str(self._call("POST", f"/api/v1/{model}", json=body)["id"])
        return Sent(reference=job_id, path=f"/api/v1/jobs/{job_id}")

    def dub(
        self, video: str, audio: str, vocal: str | None = None, params: Body | None = None, said: Body | None = None
    ) -> Sent:
        """Order a job of the lipsync.dev dialect, the one in which another track than the audio may drive the lips.

        Args:
            video: URL.
            audio: URL of what is heard.
            vocal: URL of what drives the lips, where that is another track.
            params: what `videoParams` is to hold beside the frame rate.
            said: what the body is to hold beside these.
        """
        body: Body = {"srcVideoUrl": video, "audioUrl": audio, "videoParams": {"fps": "original", **(params or {})}}
        body |= ({"vocalAudioUrl": vocal} if vocal else {}) | (said or {})
        answer = self._call("POST", "/api/v1/lipsync/submit", json=body)
        number = str(answer["jobId"])
        return Sent(reference=number, path=f"/api/v1/jobs/{number}")

    def standing(self, sent: Sent) -> Standing:
        """Ask how a job stands."""
        body = self._call("GET", sent.path)
        warnings = body.get("warnings")
        return Standing(
            is_over=body["status"] in ("completed", "failed"),
            output=str(body.get("output") or ""),
            error=str(body.get("error") or ""),
            error_code=str(body.get("error_code") or ""),
            warnings=tuple(map(str, warnings)) if isinstance(warnings, list) else (),
        )

    def download(self, url: str, out: Path, report: Callable[[int, int], None]) -> None:
        """Write a result to a file that appears only when it is whole.

        Args:
            url: the job's output.
            out: the file to write.
            report: called with the bytes so far and their total.
        """
        aside = out.with_name(f".{out.name}.part")
        remedy = f"The result is still at {url}."
        try:
            # The link alone opens the result; the key is for nobody but the service.
            with requests.get(url, stream=True, timeout=_TIMEOUT_S) as answer:
                if not answer.ok:
                    raise FetchFailed(f"the result could not be fetched: HTTP {answer.status_code}")
                _save(answer, aside, report)
            aside.replace(out)
        except requests.RequestException as fault:
            raise Unavailable(f"the download broke off ({type(fault).__name__})", remedy=remedy) from fault
        finally:
            aside.unlink(missing_ok=True)

    def _call(self, method: str, path: str, **options: object) -> Body:
        answer = self._send(method, self._url + path, **{"timeout": _TIMEOUT_S, **options})
        body = _object(answer)
        if not answer.ok:
            raise _refusal(answer, body or {})
        if body is None:
            raise InvalidRequest(f"what answers at {self._url} is another service", remedy="Check the address.")
        return body

    def _send(self, method: str, url: str, **options: object) -> requests.Response:
        try:
            return self._session.request(method, url, **options)  # type: ignore[arg-type]
        except requests.RequestException as fault:
            raise Unavailable(
                f"{self._url} does not answer ({type(fault).__name__})",
                remedy="Is it running? mouthpiece doctor tells.",
            ) from fault


def _save(answer: requests.Response, path: Path, report: Callable[[int, int], None]) -> None:
    total = int(answer.headers.get("Content-Length", 0))
    with path.open("wb") as file:
        for chunk in answer.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            report(file.tell(), total)


def _object(answer: requests.Response) -> Body | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _refusal(answer: requests.Response, body: Body) -> MouthpieceError:
    """What an error answer says, whichever shape it has; one that may pass is `Unavailable`."""
    said = (str(body[name]) for name in ("error", "errorMessage", "detail", "message", "title") if body.get(name))
    message = f"{next(said, answer.reason or 'no reason given').rstrip('.')} (HTTP {answer.status_code})"
    may_pass = answer.status_code >= 500 or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    kind = Unavailable if may_pass else InvalidRequest
    return kind(message, remedy=str(body.get("remedy") or ""))
