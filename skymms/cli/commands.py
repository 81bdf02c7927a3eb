"""The command group ``skymms``, and the exit status of each error."""

from __future__ import annotations

import click

from .._version import __version__
from ..errors import ConfigurationError, MMSError, SkymmsError
from . import broadcast, cellcast, check, decode, demo, fit, inbox, new, output, preview, report, sandbox, send, show
from .exit_status import Status
from .options import AS_JSON, profile_option
from .repeated import group


@group(
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
    epilog="FILE is a slideshow in TOML, or a request in XML, JSON or GET form; - is stdin. "
    "The API key is never an option, because other users could see it: it comes from SKYMMS_API_KEY, from the file "
    "that SKYMMS_API_KEY_FILE names, from the profile, or from a prompt. "
    "Exit status: 0 done, 1 refused by the gateway, 2 wrong usage or configuration, 3 no usable response, 4 problems in the "
    "slideshow or request, 5 a broadcast with unknown outcomes, 6 a broadcast that is paused.",
)
@click.version_option(__version__, message="skymms %(version)s")
@profile_option
def command() -> None:
    """Send multimedia messages (MMS) through Skycore, Sinch MMS and Cellcast gateways.

    Start with `skymms demo`. It needs no account.
    """


for _module in (new, check, fit, preview, show, send, decode, report, sandbox, demo, cellcast, broadcast, inbox):
    for _command in _module.COMMANDS:
        command.add_command(_command)


def run(argv: list[str]) -> int:
    """Run a command line and return its exit status. Errors of skymms and click are printed, not raised.

    ``command.main`` is not used, because on a closed pipe click would end the process with status 1, "refused by the gateway".
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
        output.report_error(error, as_json=context is not None and context.meta.get(AS_JSON, False))
        return _status(error)


def _status(error: SkymmsError) -> Status:
    if error.problems:
        return Status.PROBLEMS
    if isinstance(error, MMSError):
        return Status.REFUSED
    return Status.USAGE if isinstance(error, ConfigurationError) else Status.NO_RESPONSE
