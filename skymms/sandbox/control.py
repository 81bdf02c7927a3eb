"""What a Python test calls as a method, for tests in any other language: JSON posted to ``/sandbox/<verb>``.

``{"how": "drop", "times": 2}`` posted to ``/sandbox/fail`` is ``sandbox.fail("drop", times=2)``. The content type is a
must, and so is the Host: a web page of a stranger's can post to this machine too, but not as JSON, nor under our name.

What type checkers see to in Python is seen to here: an argument is what the method's annotation says, or is refused by name.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Collection, Mapping
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from ..errors import ConfigurationError
from .listener import Incoming, Outgoing
from .routing import named_as_ours

#: Where the verbs are.
ROOT = "/sandbox/"


def answer(request: Incoming, verbs: Mapping[str, Callable[..., object]], *, host: str = "") -> Outgoing | None:
    """Do what a request tells; None where it is no business of this page. ``host`` is the name the sandbox listens at."""
    if not request.path.startswith(ROOT):
        return None
    verb = request.path.removeprefix(ROOT)
    if verb not in verbs:
        return _told(404, {"error": f"there is no {verb!r:.40} here, but {', '.join(verbs)}"})
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or content_type != "application/json":
        return _told(405, {"error": f"POST a JSON object to {ROOT}{verb}, as application/json"}, {"Allow": "POST"})
    if not named_as_ours(request, host):
        return _told(403, {"error": "nothing is done under this name: use localhost, or the machine's number"})
    try:
        arguments, named = _understood(verbs[verb], _read(request.body))
        done = verbs[verb](*arguments, **named)
    except ConfigurationError as error:
        return _told(400, {"error": str(error)})
    return _told(200, {"done": verb, "id": done} if isinstance(done, str) else {"done": verb})


def _told(status: int, words: Mapping[str, Any], headers: Mapping[str, str] = {}) -> Outgoing:
    return Outgoing(status, json.dumps(words).encode() + b"\n", "application/json", headers)


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"this is no JSON: {error!s:.200}") from None
    if not isinstance(said, dict):
        raise ConfigurationError("the JSON has to be an object: the names of the arguments, and what they are")
    return said


def _understood(method: Callable[..., object], said: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """A method's arguments: those it insists on and those it takes any number of, which are a list, and the rest by name."""
    parameters, hints = inspect.signature(method).parameters, get_type_hints(method)
    for name in said:
        if name not in parameters:
            raise ConfigurationError(f"there is no {name!r:.40} here: {', '.join(parameters) or 'nothing'} can be said")
    arguments: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in parameters.items():
        many = parameter.kind is parameter.VAR_POSITIONAL
        if name not in said:
            if parameter.default is parameter.empty and not many:
                raise ConfigurationError(f"{name} is missing")
            continue
        _fits(name, said[name], Collection[str] if many else hints[name])
        if many:
            arguments += said[name]
        elif parameter.default is parameter.empty:
            arguments.append(said[name])
        else:
            named[name] = said[name]
    return arguments, named


#: What JSON can say for each kind of argument, and what that is called.
_KINDS: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("text", lambda value: isinstance(value, str)),
    # True is an int in Python, and no number in JSON.
    int: ("a whole number", lambda value: type(value) is int),
    # JSON's numbers have no end, and Python reads an Infinity and a NaN besides.
    float: ("a number", lambda value: type(value) in {int, float} and abs(value) < 1e300),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    NoneType: ("null", lambda value: value is None),
    Collection[str]: ("a list of texts", lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value)),
}


def _fits(name: str, value: Any, hint: Any) -> None:
    kinds = [_KINDS[kind] for kind in (get_args(hint) if get_origin(hint) is UnionType else (hint,))]
    if not any(fits(value) for _, fits in kinds):
        raise ConfigurationError(f"{name} has to be {' or '.join(words for words, _ in kinds)}")
