"""Writes Python code that builds an operation and sends it to the account that the environment describes."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, cast

from ..errors import ConfigurationError, SkymmsError
from ..model.declarations import CLASSES
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..slide import Slide

#: The widest line, if it can be broken.
WIDTH = 100
#: An uploaded file of at most this many bytes is written into the code.
MAX_BYTES = 4_096


def python_code(operation: Operation[Any], *, dialect: str = "", former_names: Collection[str] = ()) -> str:
    """Return a program that sends an operation, with the account of ``Account.from_env()`` or ``CellcastAccount.from_env()``.

    ``dialect`` is named in a comment, because the account must have it for the request to be the same. ``former_names`` are
    those of :class:`~skymms.Account`. An uploaded file is part of the code if it is small; a longer one is read from the disk.
    Raises :class:`~skymms.ConfigurationError` for an operation with a value that is neither text, a number, a date nor bytes.
    """
    writer = _Writer()
    slideshow = getattr(operation, "slideshow", None)
    # The message of Cellcast has one slide, and its slideshow has no name of its own.
    is_cellcast = CLASSES.get(type(operation).__name__) == "skymms.cellcast"
    before: list[str] = []
    names: dict[str, str] = {}
    if isinstance(slideshow, Slideshow):
        before = ["", f"slideshow = {writer.slideshow(slideshow)}"]
        names["slideshow"] = "slideshow"
    sent = writer.call(type(operation).__name__, _arguments(operation), names=names, indent=8)
    options = f"former_names={writer.value(sorted(former_names), 0)}" if former_names else ""
    account = "CellcastAccount" if is_cellcast else "Account"
    writer.names |= {account, "Client"}
    comment = _environment(account, dialect)
    if "\n" in sent or len(sent) > WIDTH - 24:
        sent = f"\n        {sent}\n    "
    body = [
        *before,
        "",
        f"with Client({account}.from_env({options})) as client:",
        f"    reply = client.call({sent})",
        "print(reply)",
    ]
    return "\n".join([*comment, *writer.notes, *writer.imports(), *body, ""])


def _environment(account: str, dialect: str) -> list[str]:
    if account == "CellcastAccount":
        generation = dialect.removeprefix("cellcast-")
        return [
            f"# It needs SKYMMS_CELLCAST_KEY, and SKYMMS_CELLCAST_GENERATION={generation or 'v3'}.",
            "# SKYMMS_CELLCAST_URL is the gateway's address; without it the message goes to the real gateway.",
        ]
    return [
        f"# It needs SKYMMS_API_KEY{f', and SKYMMS_DIALECT={dialect} for the same request' if dialect else ''}.",
        "# SKYMMS_URL is the gateway's address; without it the message goes to the real gateway.",
    ]


def _arguments(value: Any) -> list[tuple[str, Any, bool]]:
    """Return the fields that do not have their default: name, value, and whether the name must be written."""
    found: list[tuple[str, Any, bool]] = []
    for item in fields(value):
        given = getattr(value, item.name)
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        if item.init and (default is MISSING or given is not default) and not (given == {} and isinstance(given, Mapping)):
            found.append((item.name, given, bool(item.kw_only)))
    return found


def _can_be_built(slideshow: Slideshow) -> bool:
    """Return whether ``.slide(…)`` accepts each slide. The gateway may accept what the builder does not, and the reverse."""
    built = slideshow.replace(slides=())
    try:
        for slide in slideshow.slides:
            built = built.slide(slide)
    except SkymmsError:
        return False
    return True


class _Writer:
    """Writes values as Python, and collects the names that must be imported."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        #: Comments for the head of the program.
        self.notes: list[str] = []
        self._modules: set[str] = set()

    def imports(self) -> list[str]:
        """Return the import statements."""
        cellcast = {name for name in self.names if CLASSES.get(name) == "skymms.cellcast" or name == "CellcastAccount"}
        lines = [f"import {name}" for name in sorted(self._modules - {"Path"})]
        lines += ["from pathlib import Path"] if "Path" in self._modules else []
        lines += [""] if lines else []
        for module, names in (("skymms", self.names - cellcast), ("skymms.cellcast", cellcast)):
            lines += [f"from {module} import {', '.join(sorted(names))}"] if names else []
        return lines

    def slideshow(self, slideshow: Slideshow) -> str:
        """Return code that builds a slideshow: slide by slide if it is valid, else without validation."""
        if not slideshow.slides or not _can_be_built(slideshow):
            return self.value(slideshow, 0)
        self.names.add("Slideshow")
        start = [one for one in _arguments(slideshow) if one[0] != "slides"]
        lines = [self.call("Slideshow", start, indent=4)]
        for slide in slideshow.slides:
            lines.append(self.call(".slide", _arguments(slide), indent=4, first_is_positional=slide.text is not None))
        return "(\n" + "".join(f"    {line}\n" for line in lines) + ")"

    def call(
        self,
        name: str,
        arguments: Iterable[tuple[str, Any, bool]],
        *,
        names: Mapping[str, str] | None = None,
        indent: int = 0,
        first_is_positional: bool = True,
    ) -> str:
        """Return a call with these arguments; ``names`` are variables that hold some of them."""
        if not name.startswith("."):
            self.names.add(name)
        written = [
            ("" if at == 0 and first_is_positional and not keyword else f"{argument}=")
            + ((names or {}).get(argument) or self.value(value, indent + 4))
            for at, (argument, value, keyword) in enumerate(arguments)
        ]
        line = f"{name}({', '.join(written)})"
        if len(line) + indent <= WIDTH and "\n" not in line:
            return line
        space = " " * (indent + 4)
        return f"{name}(\n" + "".join(f"{space}{one},\n" for one in written) + " " * indent + ")"

    def value(self, value: Any, indent: int) -> str:
        """Return a value as Python."""
        if isinstance(value, str):
            return _text(value)
        if value is None or isinstance(value, (bool, int, float)):
            return repr(value)
        if isinstance(value, (bytes, bytearray)):
            return self._bytes(bytes(value))
        if isinstance(value, datetime.date):
            self._modules.add("datetime")
            return repr(_with_plain_zone(value))
        if isinstance(value, Mapping):
            pairs: Any = cast(Any, value).items()
            return "{" + ", ".join(f"{self.value(key, indent)}: {self.value(inner, indent)}" for key, inner in pairs) + "}"
        if isinstance(value, (tuple, list)):
            return self._items(cast("tuple[Any, ...]", value), indent)
        if isinstance(value, (Slide, Slideshow)) and is_dataclass(value):
            is_positional = getattr(value, "text", "") is not None
            return self.call(type(value).__name__, _arguments(value), indent=indent, first_is_positional=is_positional)
        raise ConfigurationError(f"a {type(value).__name__} cannot be written as Python code")

    def _items(self, items: Iterable[Any], indent: int) -> str:
        written = [self.value(item, indent + 4) for item in items]
        line = f"[{', '.join(written)}]"
        if len(line) + indent <= WIDTH and "\n" not in line:
            return line
        space = " " * (indent + 4)
        return "[\n" + "".join(f"{space}{one},\n" for one in written) + " " * indent + "]"

    def _bytes(self, value: bytes) -> str:
        if len(value) <= MAX_BYTES:
            return repr(value)
        self._modules.add("Path")
        self.notes.append(f"# The message has a file of {len(value):,} bytes: save it as uploaded-file.")
        return 'Path("uploaded-file").read_bytes()'


def _text(value: str) -> str:
    """Return a text in double quotes, if that needs no more escapes."""
    written = repr(str(value))
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in written and "'" not in value else written


def _with_plain_zone(value: datetime.date) -> datetime.date:
    """Return a time with its offset from UTC in place of a time zone of a library."""
    if not isinstance(value, datetime.datetime) or (offset := value.utcoffset()) is None:
        return value
    return value.replace(tzinfo=datetime.timezone(offset))
