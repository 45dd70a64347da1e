"""Every setting of every process, read once from the environment. The only reader of `os.environ`.

`docs/configuration.md` is generated from this table (`mouthpiece settings --markdown`) and a test compares them.
Temporal's own connection (address, namespace, TLS, API key) follows Temporal's standard `TEMPORAL_*` variables
and profile file instead.
"""

import logging
import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

from contracts.allow_list import AllowList, read_allow_list
from contracts.engine_keys import EngineKeys, read_engine_keys

PREFIX = "MOUTHPIECE_"

#: Length of a key that encrypts what Temporal stores, for AES-256.
PAYLOAD_KEY_BYTES = 32

T = TypeVar("T")

Device = Literal["auto", "cpu", "cuda"]
LogFormat = Literal["text", "json"]
Encoder = Literal["auto", "libx264", "h264_nvenc", "h264_videotoolbox"]
#: The encoder that every machine has and that gives every machine's jobs the same bytes.
SOFTWARE_ENCODER: Encoder = "libx264"


class SettingsError(Exception):
    """One or more settings are wrong; the message lists all of them, a line each."""


class Secret(str):
    """Text that never shows itself in logs or tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('****')" if self else "Secret('')"


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, not {text!r}") from None


def _positive_int(text: str) -> int:
    value = _whole(text)
    if value <= 0:
        raise ValueError("must be above 0")
    return value


def _count(text: str) -> int:
    value = _whole(text)
    if value < 0:
        raise ValueError("must be 0 or more")
    return value


def _positive_float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"must be a number, not {text!r}") from None
    if not 0 < value < float("inf"):
        raise ValueError("must be a number above 0")
    return value


def _up_to(limit: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = _positive_float(text)
        if value > limit:
            raise ValueError(f"must be at most {limit:g}")
        return value

    return parse


def _weight(text: str) -> float:
    value = _positive_float(text)
    # Temporal takes what is beyond for the nearest of these.
    if not 0.001 <= value <= 1000:
        raise ValueError("must be from 0.001 to 1000")
    return value


def _log_level(text: str) -> str:
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError("must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return text.upper()


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return text.rstrip("/")


def _log_format(text: str) -> LogFormat:
    for form in get_args(LogFormat):
        if text == form:
            return cast(LogFormat, form)
    raise ValueError(f"must be one of {', '.join(get_args(LogFormat))}")


def _optional_url(text: str) -> str:
    return _url(text) if text else ""


def _device(text: str) -> Device:
    for device in get_args(Device):
        if text == device:
            return cast(Device, device)
    raise ValueError(f"must be one of {', '.join(get_args(Device))}")


def _encoder(text: str) -> Encoder:
    for encoder in get_args(Encoder):
        if text == encoder:
            return cast(Encoder, encoder)
    raise ValueError(f"must be one of {', '.join(get_args(Encoder))}")


def _payload_keys(text: str) -> Secret:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    for number, key in enumerate(keys, start=1):
        try:
            is_right = len(b64decode(key, validate=True)) == PAYLOAD_KEY_BYTES
        except ValueError:
            is_right = False
        if not is_right:
            raise ValueError(f"key {number} must be {PAYLOAD_KEY_BYTES} bytes in base64: openssl rand -base64 32")
    return Secret(",".join(keys))


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _text(text: str) -> str:
    return text


def _setting(default: str, parse: Callable[[str], T], help_text: str) -> T:
    """A dataclass field that knows its default as environment text, its parser and its help."""
    return field(
        default_factory=lambda: parse(default),
        metadata={"default": default, "parse": parse, "help": help_text},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set; each field is `MOUTHPIECE_` + its name in capitals, its unit in its name."""

    data_dir: Path = _setting("~/.local/share/mouthpiece", _path, "Folder of records, blobs and secrets.")
    public_url: str = _setting("http://127.0.0.1:8080", _url, "How clients reach the API; links are built on it.")
    secret: Secret = _setting("", Secret, "Signs download links; empty: one is made and kept in the data folder.")
    payload_keys: Secret = _setting(
        "", _payload_keys, "Keys (base64, by comma) that encrypt what Temporal stores: the first writes, all read."
    )
    log_level: str = _setting("INFO", _log_level, "Lowest level of log lines written.")
    log_format: LogFormat = _setting(
        "text", _log_format, "How log lines are written: text, or json: one object a line, every request among them."
    )
    otlp_endpoint: str = _setting(
        "", _optional_url, "Where traces go, by OTLP over HTTP, such as http://127.0.0.1:4318; empty: none are made."
    )
    engine: str = _setting("articulate", _text, "Engine of jobs that name none.")
    engine_keys: EngineKeys = _setting(
        "",
        read_engine_keys,
        "Engines that only some API keys may use: ENGINE=KEY_ID, by comma; others are for all.",
    )
    models_dir: Path = _setting(
        "~/.local/share/mouthpiece/models", _path, "Folder of engines' files, one folder an engine."
    )
    accept_licences: frozenset[str] = _setting(
        "", _names, "Engines, by comma, of whose weights' terms you have read the notice and accept it."
    )
    device: Device = _setting("auto", _device, "Where engines compute: auto takes a GPU when there is one.")
    torch_threads: int = _setting("1", _positive_int, "CPU threads of one engine; processes go further than threads.")
    video_encoder: Encoder = _setting(
        SOFTWARE_ENCODER, _encoder, "Encoder of outputs; the same on all workers. auto takes the GPU's where it works."
    )
    segment_s: float = _setting("4", _positive_float, "Length of the pieces a video is rendered in, side by side.")
    fetch_allow: AllowList = _setting(
        "", read_allow_list, "Private networks (CIDR), hosts and host:ports that URLs may name."
    )
    fetch_timeout_s: float = _setting("300", _up_to(840), "Longest download of one input, at most 840.")
    max_video_bytes: int = _setting("1073741824", _positive_int, "Largest video input.")
    max_audio_bytes: int = _setting("209715200", _positive_int, "Largest audio input.")
    max_image_bytes: int = _setting("52428800", _positive_int, "Largest image input.")
    max_duration_s: float = _setting("600", _positive_float, "Longest video or audio input.")
    max_side_px: int = _setting("4096", _positive_int, "Longest side of a video or image input.")
    link_ttl_s: int = _setting("604800", _positive_int, "How long a download link works.")
    upload_ttl_s: int = _setting("86400", _positive_int, "How long a signed upload address works.")
    max_script_chars: int = _setting("5000", _positive_int, "Longest script to be spoken, in characters.")
    voices_dir: Path = _setting(
        "~/.local/share/mouthpiece/voices", _path, "Folder of Piper voices: .onnx with .onnx.json."
    )
    webhook_timeout_s: float = _setting(
        "15", _up_to(30), "How long one webhook attempt waits for its answer, at most 30."
    )
    credits_per_s_480p: int = _setting("2", _count, "Credits per second of output up to 480 px on its shorter side.")
    credits_per_s_720p: int = _setting("4", _count, "Credits per second of larger output.")
    credits_min_s: int = _setting("5", _count, "Shortest billed length in seconds.")
    requests_per_min_free: int = _setting("60", _count, "Requests a minute of a key on the free plan; 0: any number.")
    requests_per_min_pro: int = _setting("300", _count, "Requests a minute of a key on the pro plan; 0: any number.")
    requests_per_min_enterprise: int = _setting(
        "1000", _count, "Requests a minute of a key on the enterprise plan; 0: any number."
    )
    weight_free: float = _setting(
        "1",
        _weight,
        "Turns of a key on the free plan where keys wait for workers, beside those of others; 0.001 to 1000.",
    )
    weight_pro: float = _setting("3", _weight, "Turns of a key on the pro plan where keys wait for workers.")
    weight_enterprise: float = _setting(
        "10", _weight, "Turns of a key on the enterprise plan where keys wait for workers."
    )
    idempotency_ttl_s: int = _setting("86400", _positive_int, "How long an Idempotency-Key's answer is replayed.")
    keep_inputs_days: int = _setting(
        "30", _count, "Days that inputs are kept after their job's end, and uploads; 0: for ever."
    )
    keep_outputs_days: int = _setting("0", _count, "Days that outputs are kept after their job's end; 0: for ever.")
    keep_records_days: int = _setting(
        "0", _count, "Days after its end that a job is kept at all, with its webhooks and files; 0: for ever."
    )
    s3_bucket: str = _setting("", _text, "Bucket that keeps the blobs; empty: a folder of the data folder does.")
    s3_endpoint: str = _setting("", _text, "Address of an S3-compatible store; empty: Amazon's.")
    s3_region: str = _setting("us-east-1", _text, "The bucket's region.")
    s3_access_key_id: str = _setting("", _text, "Access key of the bucket; empty: from the machine's own role.")
    s3_secret_access_key: Secret = _setting("", Secret, "Secret of that access key.")
    s3_cache_bytes: int = _setting("21474836480", _positive_int, "Most that copies of the bucket's blobs take here.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment.

        Raises:
            SettingsError: with every fault found, unknown `MOUTHPIECE_` names among them.
        """
        given = os.environ if environ is None else environ
        values: dict[str, object] = {}
        faults: list[str] = []
        for name, default, parse, _help in cls.table():
            try:
                values[name] = parse(given.get(PREFIX + name.upper(), default))
            except ValueError as fault:
                faults.append(f"{PREFIX}{name.upper()}: {fault}")
        known = {PREFIX + name.upper() for name, *_ in cls.table()} | NOT_SETTINGS
        faults += [
            f"{name}: no such setting" for name in sorted(given) if name.startswith(PREFIX) and name not in known
        ]
        if faults:
            raise SettingsError("\n".join(faults))
        return cls(**values)  # type: ignore[arg-type]

    @classmethod
    def table(cls) -> list[tuple[str, str, Callable[[str], object], str]]:
        """Rows of (field name, default as text, parser, help), in order."""
        return [(f.name, f.metadata["default"], f.metadata["parse"], f.metadata["help"]) for f in fields(cls)]


#: Names that share the prefix and are read elsewhere: the CLI's own.
NOT_SETTINGS = frozenset({PREFIX + "API_KEY", PREFIX + "URL"})


def environment() -> dict[str, str]:
    """A copy of the process's environment, to hand on to child processes."""
    return dict(os.environ)


def forbid_telemetry() -> None:
    """Forbid libraries to report on this process to their makers; to be called before they are loaded."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
