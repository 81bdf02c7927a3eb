"""An extension of Sphinx: references to skymms and Python, and links from every code and name that a page mentions."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

from api_topics import TOPICS, names_of
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform

import skymms
from skymms.cli.explaining import CODES

PYTHON = "https://docs.python.org/3/library/"
#: The kind of reference that leads to the page of a code.
CODE_PAGE = "skymms-code"
#: The page of each built-in name that is not a function.
BUILTINS = dict.fromkeys(
    ["str", "int", "float", "bool", "bytes", "list", "tuple", "dict", "set", "frozenset", "type", "complex"], "stdtypes"
) | dict.fromkeys(["None", "True", "False"], "constants")
BUILTINS["object"] = "functions"
#: Libraries whose documentation is not linked.
OTHERS = re.compile(
    r"(?:requests|urllib3|aiohttp|lxml|celery|procrastinate|opentelemetry|pytest|_pytest|PIL|botocore|boto3|click|django)\b"
)
#: Type variables.
VARIABLE = re.compile(r"(?:.*\.)?(?:_?[A-Z]|[A-Z]\w*(?:T|_co)|P)")

#: A default that is not Python, such as that of a field with a factory.
NOT_PYTHON = re.compile(r"=\s*<.*?>(?=[,)])")


def names_in_source() -> tuple[frozenset[str], dict[str, str]]:
    """Return the names that modules of skymms define, and the paths of the names that they import from Python."""
    defined, imported = set[str](), dict[str, str]()
    for source in Path(skymms.__file__).parent.rglob("*.py"):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and not node.level:
                imported |= {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                defined.add(node.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(defined), imported


INTERNAL, IMPORTED = names_in_source()


def public_names() -> dict[str, str]:
    """Return the path of each public name on a page, by the path of its definition."""
    paths = {}
    for topic in TOPICS:
        for module, name in names_of(topic):
            thing = getattr(importlib.import_module(module), name)
            paths[f"{getattr(thing, '__module__', module)}.{getattr(thing, '__qualname__', name)}"] = f"{module}.{name}"
            paths[f"{module}.{name}"] = f"{module}.{name}"
    return paths


PUBLIC = public_names()
#: Public names as pages write them: classes, and functions that cannot be taken for a word.
MENTIONED = {
    path.rpartition(".")[2]: path
    for path in dict.fromkeys(PUBLIC.values())
    if path.rpartition(".")[2][0].isupper() or "_" in path.rpartition(".")[2]
}
#: Words of pages and of the gateways, which are not meant to be the classes of the same name.
NOT_MEANT = frozenset(
    [
        "Cap",
        "Done",
        "End",
        "Event",
        "Fault",
        "Message",
        "Problem",
        "Put",
        "Response",
        "Share",
        "State",
        "Status",
        "Why",
        "Words",
    ]
)


def _exists(path: str) -> bool:
    module, thing = path, None
    rest: list[str] = []
    while module:
        try:
            thing = importlib.import_module(module)
            break
        except ImportError:
            module, _, last = module.rpartition(".")
            rest.insert(0, last)
    for name in rest:
        annotations: dict[str, Any] = getattr(thing, "__annotations__", {})
        if not hasattr(thing, name) and name not in annotations:
            return False
        thing = getattr(thing, name, None)
    return thing is not None or bool(rest)


def _public_path(target: str) -> str | None:
    """Return the path under which a page documents a name, or a member of it."""
    above, below = target, ""
    while above:
        if above in PUBLIC:
            return PUBLIC[above] + below
        above, _, last = above.rpartition(".")
        below = f".{last}{below}"
    return None


def _python_url(target: str) -> str | None:
    top = target.partition(".")[0]
    if "." not in target:
        if target in BUILTINS:
            return f"{PYTHON}{BUILTINS[target]}.html#{target}"
        builtin = getattr(importlib.import_module("builtins"), target, None)
        if isinstance(builtin, type) and issubclass(builtin, BaseException):
            return f"{PYTHON}exceptions.html#{target}"
        return None
    if top not in sys.stdlib_module_names:
        return None
    target = target.replace("pathlib._local.", "pathlib.")
    return f"{PYTHON}{target.rpartition('.')[0]}.html#{target}"


def resolve(app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element) -> nodes.Node | None:
    """Resolve a reference that Sphinx does not find: to a public name by its definition, to Python, to an internal name."""
    target: str = node["reftarget"]
    if node["reftype"] == CODE_PAGE:
        uri = app.builder.get_relative_uri(node["refdoc"], f"reference/codes/{target}")
        return nodes.reference("", "", content, internal=True, refuri=uri)
    if node.get("refdomain") != "py":
        return None
    module = node.get("py:module") or "skymms"
    candidates = [target, f"{module}.{target}", f"skymms.{target}"]
    if node.get("py:class"):
        candidates.insert(1, f"{module}.{node['py:class']}.{target}")
    domain = env.get_domain("py")
    for candidate in candidates:
        path = _public_path(candidate)
        if path and path in domain.objects:  # type: ignore[attr-defined]
            found = domain.objects[path]  # type: ignore[attr-defined]
            uri = app.builder.get_relative_uri(node["refdoc"], found.docname) + "#" + found.node_id
            return nodes.reference("", "", content, internal=True, refuri=uri, reftitle=path)
    imported = IMPORTED.get(target, target)
    if url := _python_url(imported):
        return nodes.reference("", "", content, internal=False, refuri=url, reftitle=target)
    # An internal name is shown without a link. Sphinx warns of a name that does not exist.
    is_internal = target in INTERNAL or any(_exists(one) for one in candidates if one.startswith("skymms."))
    if is_internal or OTHERS.match(imported) or VARIABLE.fullmatch(target):
        return content
    return None


class LinkMentions(SphinxTransform):
    """Makes links of the codes and of the public names that a page writes as code."""

    default_priority = 200

    def apply(self, **_: Any) -> None:
        page = self.env.docname
        for literal in list(self.document.findall(nodes.literal)):
            if isinstance(literal.parent, (nodes.title, nodes.reference, addnodes.pending_xref, addnodes.desc_signature)):
                continue
            text = literal.astext()
            target = _mention(text, page)
            if target is None:
                continue
            domain, kind, path = target
            link = addnodes.pending_xref(
                "", refdomain=domain, reftype=kind, reftarget=path, refdoc=page, refwarn=False, refexplicit=True
            )
            literal.replace_self(link)
            link += literal


def _mention(text: str, page: str) -> tuple[str, str, str] | None:
    if text in CODES and text != "429" and page != f"reference/codes/{text}":
        return "", CODE_PAGE, text
    name = text.removesuffix("()")
    head, _, method = name.partition(".")
    if head in NOT_MEANT or head not in MENTIONED:
        return None
    path = MENTIONED[head]
    if method and not _exists(f"{path}.{method}"):
        return None
    return "py", "obj", f"{path}.{method}" if method else path


def signature(
    app: Sphinx, what: str, name: str, thing: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write ``…`` for defaults that are not Python, which Sphinx cannot read."""
    return signature and NOT_PYTHON.sub("=...", signature), returns


#: The navigation beside the pages of codes, by the options it was made with.
NAVIGATION: dict[Any, str] = {}


def share_navigation(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.Node | None) -> None:
    """Make the navigation of the pages of codes once: it is the same for all of them, and making it is half of the build."""
    if page.startswith("reference/codes/") and page != "reference/codes/index":
        make = context["toctree"]

        def toctree(**options: Any) -> str:
            key = tuple(sorted(options.items()))
            if key not in NAVIGATION:
                NAVIGATION[key] = make(**options)
            return NAVIGATION[key]

        context["toctree"] = toctree


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-signature", signature)
    # Before the theme, which makes the navigation.
    app.connect("html-page-context", share_navigation, priority=400)
    app.add_transform(LinkMentions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
