"""The `mouthpiece` command: its subcommands by name, and the one edge where a fault becomes a line and an exit code."""

import importlib
import logging
import os
import sys

import click

from contracts.errors import MouthpieceError
from contracts.settings import SettingsError

logger = logging.getLogger(__name__)

#: Where each subcommand lives; it is imported when asked for, so that short commands start fast.
COMMANDS = {
    "up": "scripts.cli_stack:up",
    "api": "scripts.cli_stack:api",
    "worker": "scripts.cli_stack:worker",
    "server-init": "scripts.cli_stack:server_init",
    "submit": "scripts.cli_submit:submit",
    "jobs": "scripts.cli_jobs:jobs",
    "keys": "scripts.cli_keys:keys",
    "webhooks": "scripts.cli_webhooks:webhooks",
    "render": "scripts.cli_render:render",
    "engines": "scripts.cli_engines:engines",
    "backup": "scripts.cli_backup:backup",
    "restore": "scripts.cli_backup:restore",
    "data": "scripts.cli_data:data",
    "doctor": "scripts.cli_doctor:doctor",
    "settings": "scripts.cli_settings:settings",
}


class _LazyGroup(click.Group):
    """Imports a subcommand when it is run or described."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group("mouthpiece", cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mouthpiece")
def cli() -> None:
    """Lip-sync videos on your own machine: run the service, send it jobs, look after them."""


def run(command: click.Command, arguments: list[str]) -> int:
    """Run a command and return its exit code; every fault is a line on stderr."""
    try:
        result = command.main(args=arguments, prog_name=command.name, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except click.Abort:
        return _failed("stopped", code=130)
    except SettingsError as fault:
        return _failed(str(fault), code=2)
    except MouthpieceError as fault:
        return _failed(f"{str(fault).rstrip('.')}. {fault.remedy}" if fault.remedy else str(fault))
    except SystemExit:
        # click's way out when nobody reads on.
        return 141
    except OSError as fault:
        logger.debug("command_failed", exc_info=True)
        return _failed(f"{fault.filename}: {fault.strerror}" if fault.filename and fault.strerror else str(fault))
    except Exception as fault:
        logger.debug("command_failed", exc_info=True)
        return _failed(f"{type(fault).__name__}: {fault} (MOUTHPIECE_LOG_LEVEL=DEBUG shows where)")


def _failed(message: str, code: int = 1) -> int:
    for line in message.splitlines():
        click.echo(f"{click.style('mouthpiece:', fg='red')} {line}", err=True)
    return code


def run_and_leave(command: click.Command) -> None:
    """Run a command and leave at once: Temporal's client threads can crash an interpreter that takes its time."""
    code = run(command, sys.argv[1:])
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 141
    os._exit(code)


def main() -> None:
    """Run `mouthpiece`."""
    run_and_leave(cli)


if __name__ == "__main__":
    main()
