"""The development stack as `temporal-dev.yaml` describes it: read, checked, typed."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from marshmallow import Schema, ValidationError, fields, validate

from contracts.errors import InternalError
from contracts.steps import Queue

#: The description that comes with the sources.
DEFAULT = Path(__file__).resolve().parent.parent / "temporal-dev.yaml"

Scalar = str | int | float | bool


class StackError(InternalError):
    """The description is missing or wrong; the message names the file and each entry at fault, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The Temporal server: where it listens, what it keeps and how it is tuned. `database` is a file name."""

    host: str
    port: int
    ui_port: int
    namespace: str
    retention: str
    database: str
    pragmas: dict[str, str]
    dynamic_config: dict[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The HTTP service: gunicorn processes, and threads in each."""

    host: str
    port: int
    processes: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A kind of worker: the queues it polls, and how many processes of it run."""

    name: str
    queues: frozenset[Queue]
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Everything `mouthpiece up` runs."""

    server: Server
    api: Api
    workers: tuple[Worker, ...]


_PORT = validate.Range(1, 65535)
_COUNT = validate.Range(min=1)
_NAME = validate.Regexp(r"^[a-z][a-z0-9-]*$", error="Must be small letters, digits and dashes.")


class _ServerSchema(Schema):
    host = fields.String(required=True)
    port = fields.Integer(required=True, strict=True, validate=_PORT)
    ui_port = fields.Integer(required=True, strict=True, validate=_PORT)
    namespace = fields.String(required=True)
    retention = fields.String(
        required=True, validate=validate.Regexp(r"^[1-9]\d*h$", error="Must be hours, like 720h.")
    )
    database = fields.String(required=True, validate=validate.Regexp(r"^[^/]+$", error="Must be a file name."))
    pragmas = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    dynamic_config = fields.Dict(keys=fields.String(), values=fields.Raw(), load_default=dict)


class _ApiSchema(Schema):
    host = fields.String(required=True)
    port = fields.Integer(required=True, strict=True, validate=_PORT)
    processes = fields.Integer(required=True, strict=True, validate=_COUNT)
    threads = fields.Integer(required=True, strict=True, validate=_COUNT)


class _WorkerSchema(Schema):
    name = fields.String(required=True, validate=_NAME)
    queues = fields.List(fields.Enum(Queue, by_value=True), required=True, validate=validate.Length(min=1))
    processes = fields.Integer(required=True, strict=True, validate=_COUNT)


class _StackSchema(Schema):
    server = fields.Nested(_ServerSchema, required=True)
    api = fields.Nested(_ApiSchema, required=True)
    workers = fields.List(fields.Nested(_WorkerSchema), required=True, validate=validate.Length(min=1))


def read(path: Path) -> Stack:
    """Read and check a description.

    Raises:
        StackError: when it cannot be read, is not YAML, or has missing, unknown or wrong entries.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = _StackSchema().load(found if isinstance(found, dict) else {})
    except OSError as fault:
        raise StackError(f"{path}: {fault.strerror}") from fault
    except yaml.YAMLError as fault:
        raise StackError(f"{path}: not YAML: {fault}") from fault
    except ValidationError as fault:
        raise StackError("\n".join(f"{path}: {line}" for line in _lines(fault.messages))) from fault
    stack = Stack(
        server=Server(**entries["server"]),
        api=Api(**entries["api"]),
        workers=tuple(Worker(**{**worker, "queues": frozenset(worker["queues"])}) for worker in entries["workers"]),
    )
    _check_workers(path, stack)
    return stack


def _check_workers(path: Path, stack: Stack) -> None:
    """Every queue needs a poller, and worker names tell log lines apart."""
    unpolled = set(Queue) - {queue for worker in stack.workers for queue in worker.queues}
    if unpolled:
        raise StackError(f"{path}: workers: no worker polls {', '.join(sorted(unpolled))}")
    names = [worker.name for worker in stack.workers]
    if len(set(names)) < len(names):
        raise StackError(f"{path}: workers: each name may stand once")


def _lines(messages: object, at: str = "") -> list[str]:
    """Flatten marshmallow's nested messages to "server.port: Not a valid integer." lines."""
    if isinstance(messages, dict):
        return [line for key, inner in messages.items() for line in _lines(inner, f"{at}.{key}" if at else str(key))]
    return [f"{at}: {' '.join(map(str, messages)) if isinstance(messages, list) else messages}"]
