"""The values that options leave in click's context, for code that is not given them as arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

#: The key under which the context has the command that is run.
COMMAND = "skymms.command"
#: The keys under which the context has the values of ``--json``, ``--profile``, ``--allow-http`` and ``--waive``.
AS_JSON, PROFILE, ALLOW_HTTP, WAIVED = "skymms.json", "skymms.profile", "skymms.allow_http", "skymms.waived"


def keep(key: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return the callback of an option that keeps its value in the context."""

    def callback(context: click.Context, option: click.Parameter, value: Any) -> Any:
        context.meta[key] = value
        return value

    return callback
