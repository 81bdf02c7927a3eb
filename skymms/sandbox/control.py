"""What a Python test calls as a method, for tests in any other language: JSON posted to ``/sandbox/<verb>``.

``{"how": "drop", "times": 2}`` posted to ``/sandbox/fail`` is ``sandbox.fail("drop", times=2)``. The content type is a
must, and so is the Host: a web page of a stranger's can post to this machine too, but not as JSON, nor under our name.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConfigurationError
from .doors import named_as_ours
from .listener import Incoming, Outgoing

#: Where the verbs are.
ROOT = "/sandbox/"


def answer(request: Incoming, verbs: Mapping[str, Callable[..., object]], *, host: str = "") -> Outgoing | None:
    """Do what a request tells; None where it is no business of this page. ``host`` is the name the sandbox listens at."""
    verb = request.path.removeprefix(ROOT)
    if not request.path.startswith(ROOT) or verb not in verbs:
        return None
    if request.method != "POST" or request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return _told(405, {"error": f"POST a JSON object to {ROOT}{verb}, as application/json"})
    if not named_as_ours(request, host):
        return _told(403, {"error": "nothing is done under this name: use localhost, or the machine's number"})
    try:
        said = json.loads(request.body or b"{}")
        if not isinstance(said, dict):
            raise ConfigurationError("a JSON object is wanted")
        done = _called(verbs[verb], said)
    except (ConfigurationError, ValueError, TypeError, RecursionError) as error:
        return _told(400, {"error": str(error)})
    return _told(200, {"done": verb} if done is None or not isinstance(done, str) else {"done": verb, "id": done})


def _told(status: int, words: Mapping[str, Any]) -> Outgoing:
    return Outgoing(status, json.dumps(words).encode() + b"\n", "application/json")


def _called(method: Callable[..., object], said: dict[str, Any]) -> object:
    """Call a method with arguments by name; those it takes any number of are a list."""
    signature = inspect.signature(method)
    arguments: list[Any] = []
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments += said.pop(name, [])
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty and name in said:
            arguments.append(said.pop(name))
    # In our words and before anything is done: a missing or an unknown argument.
    signature.bind(*arguments, **said)
    return method(*arguments, **said)
