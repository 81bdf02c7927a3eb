"""The control API: the methods of the sandbox as JSON over HTTP, for tests in other languages than Python.

``{"how": "drop", "times": 2}`` posted to ``/sandbox/fail`` is ``sandbox.fail("drop", times=2)``. The content type must be
JSON and the Host header must be trusted, because any web page can post to this machine. A browser lets such a page post neither
JSON nor a trusted Host header.

Arguments are checked against the annotations of the method. A wrong argument is refused with its name.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType, NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from ..errors import ConfigurationError
from .listener import ServerRequest, ServerResponse
from .routing import has_trusted_host

#: The path below which the methods are.
ROOT = "/sandbox/"


def respond(request: ServerRequest, methods: Mapping[str, Callable[..., object]], *, host: str = "") -> ServerResponse | None:
    """Call the method that a request names, and return the response. Returns None if the request is not for the control API.

    ``host`` is the name that the sandbox listens on.
    """
    if not request.path.startswith(ROOT):
        return None
    name = request.path.removeprefix(ROOT)
    if name not in methods:
        return _json_response(404, {"error": f"there is no method {name!r:.40}: use one of {', '.join(methods)}"})
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or content_type != "application/json":
        message = f"POST a JSON object to {ROOT}{name}, with the content type application/json"
        return _json_response(405, {"error": message}, {"Allow": "POST"})
    if not has_trusted_host(request, host):
        return _json_response(403, {"error": "this host name is not allowed: use localhost or an IP address"})
    try:
        positional, named = _bind_arguments(methods[name], _parse_body(request.body))
        result = methods[name](*positional, **named)
    except ConfigurationError as error:
        return _json_response(400, {"error": str(error)})
    return _json_response(200, {"done": name, "id": result} if isinstance(result, str) else {"done": name})


def _json_response(
    status: int, content: Mapping[str, Any], headers: Mapping[str, str] = MappingProxyType({})
) -> ServerResponse:
    return ServerResponse(status, json.dumps(content).encode() + b"\n", "application/json", headers)


def _parse_body(body: bytes) -> dict[str, Any]:
    try:
        arguments: object = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"the body is not valid JSON: {error!s:.200}") from None
    if not isinstance(arguments, dict):
        raise ConfigurationError("the JSON must be an object with the names and values of the arguments")
    return cast("dict[str, Any]", arguments)


def _bind_arguments(method: Callable[..., object], given: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return a method's positional and named arguments.

    Required parameters and ``*parameters`` are positional; a ``*parameter`` is a list in JSON.
    """
    parameters, hints = inspect.signature(method).parameters, get_type_hints(method)
    for name in given:
        if name not in parameters:
            raise ConfigurationError(f"there is no argument {name!r:.40}: use {', '.join(parameters) or 'none'}")
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in parameters.items():
        variadic = parameter.kind is parameter.VAR_POSITIONAL
        if name not in given:
            if parameter.default is parameter.empty and not variadic:
                raise ConfigurationError(f"{name} is missing")
            continue
        _check_type(name, given[name], Collection[str] if variadic else hints[name])
        if variadic:
            positional += given[name]
        elif parameter.default is parameter.empty:
            positional.append(given[name])
        else:
            named[name] = given[name]
    return positional, named


def _is_list_of_text(value: Any) -> bool:
    # The type of parsed JSON is unknown to a type checker.
    elements: list[Any] = value if type(value) is list else [None]  # pyright: ignore[reportUnknownVariableType]
    return all(isinstance(element, str) for element in elements)


#: For each annotation: the name of the type in JSON, and the check of a value.
_JSON_TYPES: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("text", lambda value: isinstance(value, str)),
    # True is an int in Python, but not a number in JSON.
    int: ("a whole number", lambda value: type(value) is int),
    # A number in JSON can be larger than any float, and Python's parser also accepts Infinity and NaN.
    float: ("a number", lambda value: type(value) in {int, float} and abs(value) < 1e300),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    NoneType: ("null", lambda value: value is None),
    Collection[str]: ("a list of texts", _is_list_of_text),
}


def _check_type(name: str, value: Any, hint: Any) -> None:
    types = [_JSON_TYPES[one] for one in (get_args(hint) if get_origin(hint) is UnionType else (hint,))]
    if not any(matches(value) for _, matches in types):
        raise ConfigurationError(f"{name} must be {' or '.join(label for label, _ in types)}")
