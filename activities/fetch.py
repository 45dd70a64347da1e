"""Brings one input in and accepts it, or refuses it with the reason."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from temporalio import activity

from activities.boundary import at_boundary, reporter
from activities.fetch_turns import FetchTurns
from activities.fetching import Limits, download
from activities.workplace import Workplace
from contracts.errors import FetchFailed, MediaTooLarge, MediaTooLong
from contracts.jobs import MediaInfo, MediaRef, Role
from contracts.settings import Settings
from contracts.steps import FetchInput, FetchResult
from engines.base import Report
from engines.cage import probe_apart
from engines.containers import STILL_FORMATS, sniff
from engines.probe import Probe
from telemetry.catalogue import INPUT_BYTES
from telemetry.meter import meter

logger = logging.getLogger(__name__)

#: Characters of the content's SHA-256 that tell one input of a job from another.
_DIGEST_CHARACTERS = 8
#: Lengths are sums of ticks; what they lack of exactness is no reason to refuse.
_DURATION_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Fetch:
    """The step `fetch`."""

    workplace: Workplace
    turns: FetchTurns

    @activity.defn(name="fetch", no_thread_cancel_exception=True)
    @at_boundary
    def fetch(self, step: FetchInput) -> FetchResult:
        """Download, probe and store one input, if it is its turn; a client's upload is only probed."""
        bring = self._uploaded if step.media.blob else self._downloaded
        with self.turns.taken(step.key_id) as is_held:
            return FetchResult(media=bring(step, step.media, reporter()) if is_held else None)

    def _downloaded(self, step: FetchInput, media: MediaRef, report: Report) -> MediaInfo:
        settings, blobs = self.workplace.settings, self.workplace.blobs
        with self.workplace.scratch(step.job_id) as scratch:
            path = scratch / media.role
            limits = Limits(size_bytes=_size_limit(settings, media.role), total_s=settings.fetch_timeout_s)
            fetched = download(media.url, path, media.field, settings.fetch_allow, limits, report)
            if step.or_image:
                media = _as_found(path, media)
            _check_size(fetched.size_bytes, media, settings)
            key = f"jobs/{step.job_id}/inputs/{media.role}-{fetched.sha256[:_DIGEST_CHARACTERS]}"
            accepted = _accept(path, media, key, fetched.size_bytes, settings, report)
            report(1.0)
            blobs.put(key, path)
        meter.add(INPUT_BYTES, fetched.size_bytes, media.role)
        logger.info("fetched role=%s container=%s bytes=%d", media.role, accepted.container, fetched.size_bytes)
        return accepted

    def _uploaded(self, step: FetchInput, media: MediaRef, report: Report) -> MediaInfo:
        settings, blobs = self.workplace.settings, self.workplace.blobs
        if not blobs.exists(media.blob):
            raise FetchFailed("the uploaded file is gone", field=media.field, remedy="Upload it again.")
        size = blobs.size(media.blob)
        _check_size(size, media, settings)
        with self.workplace.scratch(step.job_id):
            path = blobs.local(media.blob)
            if step.or_image:
                media = _as_found(path, media)
                _check_size(size, media, settings)
            return _accept(path, media, media.blob, size, settings, report)


def _as_found(path: Path, media: MediaRef) -> MediaRef:
    """Take a picture that came where a video or a picture may come for what it is."""
    return replace(media, role=Role.IMAGE) if sniff(path).demuxer in STILL_FORMATS else media


def _check_size(size_bytes: int, media: MediaRef, settings: Settings) -> None:
    limit = _size_limit(settings, media.role)
    if size_bytes > limit:
        raise MediaTooLarge(f"larger than {limit} bytes", field=media.field)


def _size_limit(settings: Settings, role: Role) -> int:
    limits = {
        Role.VIDEO: settings.max_video_bytes,
        Role.AUDIO: settings.max_audio_bytes,
        Role.IMAGE: settings.max_image_bytes,
        Role.MASK: settings.max_image_bytes,
    }
    return limits[role]


def _accept(path: Path, media: MediaRef, key: str, size_bytes: int, settings: Settings, report: Report) -> MediaInfo:
    """Probe a file and hold it against the limits.

    Raises:
        UnreadableMedia: when it is not media of its role's kind.
        MediaTooLong: when it lasts too long.
        MediaTooLarge: when it has too many pixels.
    """
    found = probe_apart(path, media.role, media.field, settings.max_duration_s, lambda: report(1.0))
    _check_limits(found, media.field, settings)
    return MediaInfo(
        role=media.role,
        field=media.field,
        blob=key,
        container=found.container,
        size_bytes=size_bytes,
        duration_s=found.duration_s,
        width=found.width,
        height=found.height,
        fps=found.fps,
    )


def _check_limits(found: Probe, field: str, settings: Settings) -> None:
    if round(found.duration_s, _DURATION_DIGITS) > settings.max_duration_s:
        raise MediaTooLong(f"longer than {settings.max_duration_s:g} s", field=field)
    if max(found.width, found.height) > settings.max_side_px:
        raise MediaTooLarge(
            f"{found.width}x{found.height} pixels, more than {settings.max_side_px} on a side", field=field
        )
