"""Loads the inbox of a program, which `skymms inbox work` names as ``MODULE:NAME``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from traceback import extract_tb

from ..errors import ConfigurationError, SkymmsError
from ..inbox import Inbox
from ..transport.logging import one_line


def load_inbox(target: str) -> Inbox:
    """Import a module from the working directory, or an installed one, and return the inbox in it.

    Raises :class:`~skymms.ConfigurationError` that names the line at which the import failed: the module is the user's.
    """
    module, separator, name = target.partition(":")
    if not module or not separator or not name:
        raise ConfigurationError(
            f"{target!r:.80} does not name an inbox: write MODULE:NAME, such as shop.postbacks:inbox for the variable inbox in "
            "shop/postbacks.py"
        )
    if "" not in sys.path and (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    found = _import(module)
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ConfigurationError(f"{target:.80}: {module:.80} has no {name:.80}") from None
    if not isinstance(found, Inbox):
        raise ConfigurationError(f"{target:.80} is a {type(found).__name__}, not an Inbox of skymms.inbox")
    return found


def _import(module: str) -> object:
    try:
        return import_module(module)
    except SkymmsError as error:
        error.add_note(f"while importing {module}{_place(error)}")
        raise
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"there is no module {error.name:.80} in the working directory, and none is installed"
            ) from None
        raise _failure(module, error) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a script that calls sys.exit() when it is imported
        raise _failure(module, error) from None


def _failure(module: str, error: BaseException) -> ConfigurationError:
    return ConfigurationError(f"cannot import {module}: {type(error).__name__}: {one_line(error):.300}{_place(error)}")


def _place(error: BaseException) -> str:
    """Return the line of the user's code at which an import failed."""
    if isinstance(error, SyntaxError):
        return ""  # Its text names the line.
    package = str(Path(__file__).parents[1])
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if not frame.filename.startswith((package, "<frozen")) and Path(frame.filename).parent.name != "importlib"
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
