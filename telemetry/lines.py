"""Log lines: text for people, or one JSON object a line for what collects them. The same in every process."""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from contracts.jobs import job_id_of, workflow_id
from contracts.settings import LogFormat
from telemetry.marks import current_job, current_request

_TEXT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"
#: "key=%s" of a message's template; its event is what stands before the first.
_FIELD = re.compile(r"([A-Za-z_]\w*)=%(-?\d*(?:\.(\d+))?)([a-z])")
_CONVERSION = re.compile(r"%(?:%|[-#0 +]*\d*(?:\.\d+)?[a-z])")
#: What may be a right in itself: a URL's user and password, its query, its fragment.
_ADDRESS = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?:[^\s/?#@\"']*@)?(?P<rest>[^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?", re.I
)
#: Fields of every object; an event's own of these names would hide them.
_OWN = frozenset({"time", "level", "logger", "event"})

Field = str | int | float | bool | None


class Marks(logging.Filter):
    """Marks each record with the job and the request that its thread works for, or that its workflow is."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mark a record; none is dropped."""
        record.job_id = current_job.get() or _job_of_workflow(record)
        record.request_id = current_request.get()
        return True


class TextLines(logging.Formatter):
    """Time, level, logger, event with its fields, marks."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Write a record's line."""
        line = super().formatMessage(record)
        for name, value in _marks(record).items():
            if f"{name}=" not in line:
                line += f" {name}={value}"
        return line

    def format(self, record: logging.LogRecord) -> str:
        """Write a record with its traceback."""
        return without_rights(super().format(record))


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, event, its fields, marks, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        event, fields = parted(record)
        told: dict[str, Field] = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "event": without_rights(event),
        }
        told |= {name: _clean(value) for name, value in fields.items() if name not in _OWN}
        told |= {name: value for name, value in _marks(record).items() if not told.get(name)}
        if record.exc_info:
            told["traceback"] = without_rights(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def configure(level: str, form: LogFormat, stream: TextIO | None = None) -> None:
    """Write this process's log lines to a stream, stderr by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(Marks())
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The SDK reports each worker's start and stop; ours say it once, in one line.
    logging.getLogger("temporalio").setLevel(logging.WARNING)
    # It writes whole addresses, at DEBUG and when an answer's headers are odd; their query strings are often rights.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)


def formatter(form: LogFormat) -> logging.Formatter:
    """The formatter of a form."""
    return JsonLines() if form == "json" else TextLines()


def line_of_part(line: str, part: str) -> str:
    """Write a line of a process as JSON that says which process; one that is JSON already keeps its fields."""
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        told = {
            "time": _time(datetime.now(UTC).timestamp()),
            "level": "INFO",
            "logger": part,
            "event": without_rights(line),
        }
    return json.dumps({**told, "part": part}, ensure_ascii=False)


def parted(record: logging.LogRecord) -> tuple[str, dict[str, Field]]:
    """Part a record into its event and the fields that its template names, in their own types."""
    template = record.msg if isinstance(record.msg, str) else ""
    conversions = [found for found in _CONVERSION.finditer(template) if found[0] != "%%"]
    named = {found.start(2) - 1: found for found in _FIELD.finditer(template)}
    arguments = record.args
    is_ours = named.keys() == {found.start() for found in conversions} and bool(named)
    if not is_ours or not isinstance(arguments, tuple) or len(arguments) != len(conversions):
        return record.getMessage(), {}
    fields = {
        named[found.start()][1]: _value(argument, named[found.start()][3])
        for found, argument in zip(conversions, arguments, strict=True)
    }
    return template[: next(iter(named.values())).start()].strip(), fields


def without_rights(text: str) -> str:
    """Take out of every address in a text what may be a right in itself."""
    return _ADDRESS.sub(r"\g<scheme>\g<rest>", text) if "://" in text else text


def _value(argument: object, most: str | None) -> Field:
    if argument is None or isinstance(argument, bool | int | float):
        return argument
    text = str(argument)
    return text[: int(most)] if most else text


def _clean(value: Field) -> Field:
    return without_rights(value) if isinstance(value, str) else value


def _marks(record: logging.LogRecord) -> Mapping[str, str]:
    found = {name: getattr(record, name, "") for name in ("job_id", "request_id")}
    return {name: value for name, value in found.items() if value}


def _job_of_workflow(record: logging.LogRecord) -> str:
    """The job whose workflow wrote the line, as the SDK notes it beside."""
    about = getattr(record, "temporal_workflow", None)
    name = str(about.get("workflow_id", "")) if isinstance(about, dict) else ""
    return job_id_of(name) if name.startswith(workflow_id("")) else ""


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
