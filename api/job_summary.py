"""What an operator reads of a job in Temporal's UI before any step has run."""

from urllib.parse import urlsplit

from contracts.jobs import JobRequest, MediaRef

_WAYS = ("source", "audio", "vocal", "right_audio", "mask")


def told_of(request: JobRequest) -> str:
    """Say in a few lines of Markdown what was asked for, by whom, and where its files come from.

    Of addresses the host alone: the rest may be a right in itself.
    """
    files = {media.field: _origin(media) for name in _WAYS if (media := getattr(request, name))}
    told = {
        "Job": request.job_id,
        "Engine": request.engine,
        "API": f"{request.dialect}, {request.model}",
        "Key": request.key_id,
        **{f"`{field}`": origin for field, origin in files.items()},
        "Script": f"{len(request.script.text)} characters, {request.script.voice_id}" if request.script else "",
        "Webhook": urlsplit(request.webhook_url).hostname or "" if request.webhook_url else "",
    }
    return "\n".join(f"- {name}: {value}" for name, value in told.items() if value)


def _origin(media: MediaRef) -> str:
    return f"{media.role} that was uploaded" if media.blob else f"{media.role} from {urlsplit(media.url).hostname}"
