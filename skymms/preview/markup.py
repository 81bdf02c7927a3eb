"""Makes HTML. Every text among the children of an element is escaped here, so no text of a message can become markup."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from .texts import readable

_VOID = frozenset({"img", "input", "meta", "wbr"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, attributes: Mapping[str, str | None] | None = None, *children: str | None) -> Markup:
    """Return an element. Children are escaped unless they are :class:`Markup`; None is left out, among attributes too."""
    written = "".join(f' {name}="{escape(readable(value))}"' for name, value in (attributes or {}).items() if value is not None)
    inner = join(*children)
    return Markup(f"<{tag}{written}>" if tag in _VOID else f"<{tag}{written}>{inner}</{tag}>")


def join(*children: str | None) -> Markup:
    """Return several texts and elements as one piece of HTML."""
    return Markup("".join(one if isinstance(one, Markup) else escape(readable(one)) for one in children if one is not None))


def icon(name: str) -> Markup:
    """Return one of the icons of ``icons.svg``."""
    return element("svg", {"aria-hidden": "true"}, element("use", {"href": f"#i-{name}"}))
