"""The command group ``skymms``, and the exit status of each error.

A command is imported when it is called: all of them take half a second, and completion asks at every key.
"""

from __future__ import annotations

import os

import click

from .._version import __version__
from ..errors import ConfigurationError, MMSError, SkymmsError
from .completing import complete_profiles
from .context import AS_JSON, COMMAND, PROFILE, keep
from .exit_status import Status
from .repeated import Lazy, group

#: Each command: its file, its name there, and its line in the help.
_COMMANDS = {
    "broadcast": Lazy("broadcast", "broadcast", "Send one message to a list of numbers, never twice."),
    "call": Lazy("send", "call", "Send any request that a file contains."),
    "cellcast": Lazy("cellcast", "cellcast", "Send through Cellcast, the Australian gateway."),
    "check": Lazy("check", "check", "Report every problem in a slideshow or request file."),
    "completion": Lazy("completion", "completion", "Print the script that completes commands and options in your shell."),
    "delete": Lazy("send", "delete", "Delete a stored slideshow permanently."),
    "demo": Lazy("demo", "demo", "Try everything in a local sandbox."),
    "doctor": Lazy("doctor", "doctor", "Say what is wrong with the settings, the network and the stores."),
    "explain": Lazy("decode", "explain", "Explain gateways' codes, such as E227, N102 or Cellcast's FIELD_INVALID."),
    "fit": Lazy("fit", "fit_command", "Make a picture, a sound or a video smaller, so that gateways and carriers accept it."),
    "inbox": Lazy("inbox", "inbox", "Receive what gateways post, and look at it."),
    "list": Lazy("send", "list_", "List the slideshows that are stored at the gateway."),
    "new": Lazy("new", "new_command", "Write a starter slideshow, to be changed."),
    "postback": Lazy("decode", "postback", "Decode a postback, the gateway's report about a message."),
    "preview": Lazy("preview", "preview", "Show a message as a phone does, before it is sent."),
    "publish": Lazy(
        "fit",
        "publish_command",
        "Store the local files of a slideshow in a bucket, and write the slideshow with their public addresses.",
    ),
    "report": Lazy("report", "report", "Print a statistics report: one row for each message."),
    "sandbox": Lazy("sandbox", "sandbox", "Run a local gateway for tests and experiments."),
    "save": Lazy("send", "save", "Store a slideshow at the gateway."),
    "send": Lazy("send", "send", "Send a slideshow to one phone number."),
    "send-saved": Lazy("send", "send_saved", "Send a stored slideshow to one phone number."),
    "show": Lazy("show", "show", "Show the request that would be sent, with the API key masked."),
}


@group(
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="FILE is a slideshow in TOML, or a request in XML, JSON or GET form; - is stdin. "
    "The API key is never an option, because other users could see it: it comes from SKYMMS_API_KEY, from the file "
    "that SKYMMS_API_KEY_FILE names, from the profile, or from a prompt. "
    "Exit status: 0 done, 1 refused by the gateway, 2 wrong usage or configuration, 3 no usable response, 4 problems in the "
    "slideshow or request, 5 a broadcast with unknown outcomes, 6 a broadcast that is paused.",
)
@click.version_option(__version__, message="skymms %(version)s")
@click.option(
    "--profile",
    envvar="SKYMMS_PROFILE",
    metavar="NAME",
    expose_value=False,
    callback=keep(PROFILE),
    shell_complete=complete_profiles,
    help="Use the settings of this profile in the configuration file. Default: SKYMMS_PROFILE.",
)
def command() -> None:
    """Send multimedia messages (MMS) through Skycore, Sinch MMS and Cellcast gateways.

    Start with `skymms demo`. It needs no account.
    """


def run(argv: list[str]) -> int:
    """Run a command line and return its exit status. Errors of skymms and click are printed, not raised.

    ``command.main`` is not used, because on a closed pipe click would end the process with status 1, "refused by the gateway".
    """
    if instruction := os.environ.get("_SKYMMS_COMPLETE"):
        from .completion import complete

        return complete(command, instruction)
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
        from . import output
        from .option_names import name_options

        name_options(error, None if context is None else context.meta.get(COMMAND))
        output.report_error(error, as_json=context is not None and context.meta.get(AS_JSON, False))
        return _status(error)


def _status(error: SkymmsError) -> Status:
    if error.problems:
        return Status.PROBLEMS
    if isinstance(error, MMSError):
        return Status.REFUSED
    return Status.USAGE if isinstance(error, ConfigurationError) else Status.NO_RESPONSE
