"""The page at `/`, its assets, and the page that shows a shared video to somebody without a key."""

from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from mimetypes import guess_type
from urllib.parse import quote

from flask import Blueprint, Response, make_response, render_template, request

from api.owners import check_owner
from api.services import services
from api.web.policy import protect
from contracts.errors import MouthpieceError, NotFound
from storage.links import LinkExpired, shown_as

#: What may be served; browsers run modules of this type alone.
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

blueprint = Blueprint("web", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What a shared link shows: a video, or why there is none."""

    status: HTTPStatus
    heading: str
    text: str = ""
    is_video: bool = False


@blueprint.get("/")
def page() -> Response:
    """Serve the page; it holds no data, and asks for a key before it shows any."""
    response = make_response(
        render_template("page.html", max_script_chars=services().settings.max_script_chars, root="")
    )
    response.cache_control.no_cache = True
    return protect(response, can_record=True)


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Serve what the pages load; browsers keep it and ask whether it has changed.

    Raises:
        NotFound: when there is no such part.
    """
    found = _assets().get(name)
    if found is None:
        raise NotFound(f"the page has no part {name}")
    response = Response(found.read_bytes(), mimetype=_media_type(name))
    response.cache_control.no_cache = True
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/watch/<token>/<name>")
def watch(token: str, name: str) -> Response:
    """Show the video of a signed link to somebody without a key, or say why it is not to be seen."""
    shared = _shared(token)
    source = f"files/{token}/{quote(name, safe='')}"
    response = make_response(
        render_template("watch.html", shared=shared, source=source, name=name, root="../../"),
        shared.status,
    )
    response.cache_control.no_store = True
    response.headers["X-Robots-Tag"] = "noindex"
    return protect(response)


@cache
def _assets() -> dict[str, Traversable]:
    """Every asset by its path below the folder; nothing else can be asked for."""
    return dict(_walk(files(__package__) / "assets", ""))


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        found += _walk(entry, f"{name}/") if entry.is_dir() else [(name, entry)]
    return found


def _media_type(name: str) -> str:
    ending = name[name.rfind(".") :]
    return _KINDS.get(ending) or guess_type(name)[0] or "application/octet-stream"


def _shared(token: str) -> _Shared:
    try:
        opened = services().links.open(token, services().clock().timestamp())
        check_owner(opened.blob_key)
        is_there = services().blobs.exists(opened.blob_key)
    except LinkExpired:
        return _Shared(
            status=HTTPStatus.GONE,
            heading="This link no longer works",
            text="Links work for a limited time, and end with the key that made them. Ask the sender for a new one.",
        )
    except NotFound:
        return _Shared(
            status=HTTPStatus.NOT_FOUND,
            heading="There is no such video",
            text="The link may have been cut short on its way. Check that it is complete, or ask for it again.",
        )
    except MouthpieceError as fault:
        return _Shared(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            heading="The video cannot be reached at the moment",
            text=f"{fault.message}. Try again in a minute.",
        )
    if not is_there:
        return _Shared(
            status=HTTPStatus.GONE,
            heading="This video is no longer kept",
            text="It was deleted, or removed for its age. Ask whoever sent the link to make it again.",
        )
    return _Shared(
        status=HTTPStatus.OK,
        heading="A video for you",
        is_video=shown_as(opened.blob_key)[0].startswith("video/"),
    )
