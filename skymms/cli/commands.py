"""The command `skymms`: its commands, and what becomes of their errors."""

from __future__ import annotations

import click

from ..errors import ConfigurationError, MMSError, SkymmsError
from . import cellcast, demo, output, sandbox
from . import check as checks
from . import decode as tells
from . import report as reports
from . import send as sends
from .exit_status import Status
from .options import AS_JSON


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
    epilog="The key comes from SKYMMS_API_KEY only: a command line can be read by every user of the machine. SKYMMS_DIALECT "
    "and SKYMMS_URL stand in for --dialect and --url. FILE is a slideshow in TOML or a request in XML, JSON or GET form; "
    "- is stdin. "
    "Exit status: 0 done, 1 refused by the gateway, 2 usage or configuration, 3 no usable answer, 4 problems in the slideshow.",
)
@click.version_option(package_name="skymms", message="%(package)s %(version)s")
def command() -> None:
    """Multimedia messages through Skycore-lineage gateways."""


_ALONE = (reports.report, sandbox.sandbox, demo.demo, cellcast.cellcast)
for each in (*checks.COMMANDS, *sends.COMMANDS, *tells.COMMANDS, *_ALONE):
    command.add_command(each)


def run(argv: list[str]) -> int:
    """Run a command line; every error that skymms or click raises on purpose becomes words and an exit status.

    Not `command.main`: click would end the process on a closed pipe with status 1, which says here that a gateway refused.
    """
    context: click.Context | None = None
    try:
        with command.make_context("skymms", argv) as context:
            return int(command.invoke(context) or Status.DONE)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return Status.USAGE
    except SkymmsError as error:
        output.tell(error, as_json=context is not None and context.meta.get(AS_JSON, False))
        return _status(error)


def _status(error: SkymmsError) -> Status:
    if error.problems:
        return Status.PROBLEMS
    if isinstance(error, MMSError):
        return Status.REFUSED
    return Status.USAGE if isinstance(error, ConfigurationError) else Status.NO_ANSWER
