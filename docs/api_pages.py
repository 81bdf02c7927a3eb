"""The pages of the API reference, for Sphinx to fill in from docstrings: one for each topic, and a list of them."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
from textwrap import indent

from api_topics import FIXTURES, TOPICS, Topic
from sphinx.pycode import ModuleAnalyzer

#: Classes whose methods come from base classes that are not public.
WITH_BASES = {"Client", "AsyncClient", "Inbox", "Slideshow"}


def _documented_constant(module: str, name: str) -> str:
    """Return the comment above a constant, which is in the module that defines it."""
    home = module
    source = importlib.import_module(module).__file__ or ""
    with open(source, encoding="utf-8") as file:
        for node in ast.parse(file.read()).body:
            if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
                home = importlib.util.resolve_name("." * node.level + (node.module or ""), module)
    comments = ModuleAnalyzer.for_module(home).find_attr_docs()
    return "\n".join(comments.get(("", name), []))


def _entry(module: str, name: str) -> str:
    """Return the directive of one name."""
    thing = getattr(importlib.import_module(module), name)
    path = f"{module}.{name}"
    if module == FIXTURES:
        text = inspect.cleandoc(thing.__doc__ or thing.__wrapped__.__doc__)
        return f".. py:function:: {path}\n   :no-index-entry:\n\n{indent(text, '   ')}\n"
    if not callable(thing) or not hasattr(thing, "__qualname__"):
        text = _documented_constant(module, name)
        return f".. py:data:: {path}\n\n{indent(text, '   ')}\n"
    if not inspect.isclass(thing):
        return f".. autofunction:: {path}\n"
    options = ["members"]
    if issubclass(thing, enum.Enum):
        options.append("undoc-members")
    if name in WITH_BASES:
        options.append("inherited-members")
    if issubclass(thing, Exception):
        options.append("show-inheritance")
    return f".. autoclass:: {path}\n" + "".join(f"   :{option}:\n" for option in options)


def topic_page(topic: Topic) -> str:
    """Return the page of a topic."""
    parts = [f"# {topic.title}\n\n*Reference.* After this page you can {topic.purpose}.\n"]
    for heading, line in topic.sections:
        module, _, names = line.partition(": ")
        if len(topic.sections) > 1:
            parts.append(f"## {heading}\n")
        parts.append(f"Import from `{module}`.\n" if module != FIXTURES else "pytest finds them by itself.\n")
        entries = "\n".join(_entry(module, name) for name in names.split())
        parts.append(f"```{{eval-rst}}\n.. py:currentmodule:: {module}\n\n{entries}```\n")
    return "\n".join(parts)


def index_page() -> str:
    """Return the list of all topics."""
    listed = "".join(f"- [{one.title}]({one.name}.md): {one.purpose}\n" for one in TOPICS)
    names = "\n".join(one.name for one in TOPICS)
    return f"""# API

*Reference.* After this page you find every public class and function, by topic. The [index](#genindex) lists them by name.

{listed}
```{{toctree}}
:hidden:

{names}
```
""".replace("The [index](#genindex) lists", "The {ref}`index <genindex>` lists")


def pages() -> dict[str, str]:
    """Return all pages by the names of their files."""
    return {"index.md": index_page(), **{f"{one.name}.md": topic_page(one) for one in TOPICS}}
