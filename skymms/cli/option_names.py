"""Names options in errors: the rules name the arguments of Python, and a command has options instead."""

from __future__ import annotations

import re

import click

from ..errors import ConfigurationError, MMSError, SkymmsError
from .accounts import SKYCORE_VARIABLES
from .profiles import KEYS

_PROFILE_KEYS = KEYS["skycore"]


def name_options(error: SkymmsError, command: click.Command | None) -> None:
    """Change ``pass service_id=...`` in the problems of an error to ``give --service-id``, if the command has that option.

    If there is also a variable or a key of the profile for the field, they are named too.
    """
    if command is None or not error.problems:
        return
    names = {str(one.name): one.opts[0] for one in command.params if isinstance(one, click.Option)}
    # Commands of Cellcast have neither the option nor the variables.
    ways = {name: _ways(name, option) if "dialect" in names else option for name, option in names.items()}
    pattern = re.compile(rf"\bpass ((?:[a-z ]+ as )?)({'|'.join(names)})\b(?:=(?:\.\.\.|…|\[…\]|True)?)?(?: to the account)?")
    before = "\n".join(map(str, error.problems))
    error.problems = tuple(
        one._replace(message=pattern.sub(lambda found: f"give {found[1]}{ways[found[2]]}", one.message))
        for one in error.problems
    )
    if isinstance(error, MMSError):
        error.info = error.problems[0].message if error.foreseen else error.info
    elif isinstance(error, ConfigurationError) and error.args == (before,):
        error.args = ("\n".join(map(str, error.problems)),)


def _ways(name: str, option: str) -> str:
    """Return the option, the variable and the key of a profile that give a field."""
    ways = [option]
    if variable := SKYCORE_VARIABLES.get(name):
        ways.append(variable)
    if name in _PROFILE_KEYS:
        ways.append(f"the profile's {name}")
    return " or ".join([", ".join(ways[:-1]), ways[-1]] if len(ways) > 1 else ways)
